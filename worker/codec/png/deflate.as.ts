// A zlib stream (RFC 1950) that takes bytes in portions of any size and comes in blocks.
import { alignToByte, initLengths, putBits, writeBlock } from './block.as'
import { adlerOf } from './checksum.as'
import {
  BLOCK_TOKENS,
  OUTPUT_AT,
  SLIDE,
  TOKENS_AT,
  TOKEN_BYTES,
  WINDOW_AT,
  WINDOW_BYTES,
} from './encoderLayout'
import { LOOKAHEAD, makeTokens, tokenizedTo } from './tokens.as'

@inline const WINDOW_END: usize = WINDOW_AT + WINDOW_BYTES
@inline const TOKENS_END: usize = TOKENS_AT + BLOCK_TOKENS * TOKEN_BYTES

/** The bytes of the window that have no token yet. */
let next: usize = WINDOW_AT
let windowEnd: usize = WINDOW_AT
/** Where the bytes of the current block begin, or 0 if that is no longer in the window. */
let blockAt: usize = WINDOW_AT
let tokensEnd: usize = TOKENS_AT
let adler: u32 = 1
let outputEnd: usize = OUTPUT_AT
let isComplete = false

/** Begins a stream. */
export function startDeflate(): void {
  initLengths()
  next = windowEnd = blockAt = WINDOW_AT
  tokensEnd = TOKENS_AT
  adler = 1
  isComplete = false
  // A window of 32 KB, and no word about the effort.
  outputEnd = putBits(OUTPUT_AT, 0x0178, 16)
}

/** Returns the address behind the bytes at OUTPUT_AT, which the next call overwrites. */
export function takeOutput(): usize {
  const end = outputEnd
  outputEnd = OUTPUT_AT
  return end
}

/** Takes bytes up to `end`, until a block is complete. Returns the address behind the bytes taken. */
export function deflate(from: usize, end: usize): usize {
  while (from < end) {
    if (windowEnd == WINDOW_END) {
      if (makeBlock(WINDOW_END - LOOKAHEAD, false)) return from
      slide()
    }
    const size = min(end - from, WINDOW_END - windowEnd)
    memory.copy(windowEnd, from, size)
    adler = adlerOf(from, from + size, adler)
    windowEnd += size
    from += size
  }
  return from
}

/** Ends the stream. Has to be called until it returns true; every call completes a block. */
export function finishDeflate(): bool {
  makeBlock(windowEnd, true)
  return isComplete
}

function makeBlock(stop: usize, isEnd: bool): bool {
  tokensEnd = makeTokens(next, stop, windowEnd, tokensEnd, TOKENS_END)
  next = tokenizedTo()
  const isLast = isEnd && next == windowEnd
  if (tokensEnd < TOKENS_END && !isLast) return false
  outputEnd = writeBlock(TOKENS_AT, tokensEnd, blockAt, next, isLast, outputEnd)
  tokensEnd = TOKENS_AT
  blockAt = next
  if (isLast) {
    outputEnd = alignToByte(outputEnd)
    store<u32>(outputEnd, bswap(adler))
    outputEnd += 4
    isComplete = true
  }
  return true
}

function slide(): void {
  memory.copy(WINDOW_AT, WINDOW_AT + SLIDE, WINDOW_BYTES - SLIDE)
  next -= SLIDE
  windowEnd -= SLIDE
  blockAt = blockAt >= WINDOW_AT + SLIDE ? blockAt - SLIDE : 0
}
