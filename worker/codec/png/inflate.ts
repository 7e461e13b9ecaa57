// Inflates the rows of a PNG with the platform's DecompressionStream, in pieces, and never much more than is needed.
//
// At an error the stream loses what it has inflated of the last piece. Bytes behind the end and a wrong checksum are
// errors, too, but browsers show such pictures. So a file that fails near its end is inflated again: without the
// checksum, and in tiny pieces from the failing one on. A piece of one byte loses nothing that a row needs.

import { openByteReader, READER_BYTES } from '../../base/byteReader.ts'
import { concat } from '../../base/concat.ts'
import { pause } from '../../base/pause.ts'
import { damaged } from './file.ts'

/**
 * Least and most bytes that are passed to the stream at a time. Workers inflate all of them at once, to up to 4 and 17
 * MB. Between these limits, a piece inflates to no more than twice the picture. In Workers, 16 KB at a time take half of
 * the CPU time that 4 KB take.
 */
const LEAST_PIECE_BYTES = 4096
const MOST_PIECE_BYTES = 16_384
/** Sizes of the pieces at the place where the first attempt has failed, and then the second. */
const CAREFUL_BYTES = [64, 1] as const
/** Inflated bytes that may be missing if a file is inflated again. They are all in memory. */
const MAX_LOST_BYTES = 2 ** 22
/** Bytes that one deflated byte can become: two matches of 258 bytes take at least four bits. */
const MAX_EXPANSION = 1032
/**
 * Deflated bytes that may be needed beside 5/4 of the inflated ones. Encoders add a few bytes a block. Without a limit,
 * millions of empty blocks would take seconds.
 */
const SPARE_BYTES = 2 ** 17
/** The two bytes before the deflated data (RFC 1950). */
const ZLIB_HEADER_BYTES = 2

/**
 * Yields at least the first `needed` bytes that `parts`, consecutive parts of a zlib stream, inflate to. A result is
 * valid until the next is asked for. Throws a DamagedError if the data are corrupt or end early.
 */
export async function* inflate(parts: readonly Uint8Array[], needed: number): AsyncGenerator<Uint8Array, void> {
  if (!isZlibHeader(createCursor(parts)(ZLIB_HEADER_BYTES))) throw damaged('the data are not deflated')
  const fairBytes = Math.ceil((2 * needed) / MAX_EXPANSION)
  const pieceBytes = Math.min(MOST_PIECE_BYTES, Math.max(LEAST_PIECE_BYTES, fairBytes))
  const progress: Progress = { given: 0, failedAt: Infinity, error: undefined }
  const maxDeflated = needed + needed / 4 + SPARE_BYTES
  yield* attempt(parts, { format: 'deflate', pieceBytes: () => pieceBytes, maxDeflated }, progress)
  for (const carefulBytes of CAREFUL_BYTES) {
    if (!progress.error || needed - progress.given > MAX_LOST_BYTES) break
    // The bytes are collected first, because an error would also lose those that wait for the caller to ask for them.
    const last: Uint8Array[] = []
    const how = { format: 'deflate-raw', pieceBytes: () => pieceBytes, carefulBytes, maxDeflated } as const
    for await (const piece of attempt(parts, how, progress)) {
      last.push(piece.slice())
      if (progress.given >= needed) break
    }
    yield* last
  }
  throw progress.error ? damaged('the data are corrupt', progress.error) : damaged('the data end early')
}

/**
 * Returns what `deflated`, a zlib stream, inflates to. If the stream has an error, returns the bytes before it. Stops a
 * little above `maxBytes`.
 */
export async function inflateWhole(deflated: Uint8Array, maxBytes: number): Promise<Uint8Array> {
  const inflated: Uint8Array[] = []
  const progress: Progress = { given: 0, failedAt: Infinity, error: undefined }
  const pieceBytes = (length: number) => Math.max(1, Math.floor((maxBytes - length) / MAX_EXPANSION))
  for (const format of ['deflate', 'deflate-raw'] as const) {
    for await (const bytes of attempt([deflated], { format, pieceBytes, maxDeflated: Infinity }, progress)) {
      inflated.push(bytes.slice())
      if (progress.given > maxBytes) return concat(inflated)
    }
    if (!progress.error) break // else the second attempt gets what the first has lost at the error
  }
  return concat(inflated)
}

/** True for the method deflate without a preset dictionary. */
function isZlibHeader([method, flags]: Uint8Array): boolean {
  return (method & 15) === 8 && method >> 4 <= 7 && (flags & 32) === 0 && (256 * method + flags) % 31 === 0
}

interface Manner {
  readonly format: 'deflate' | 'deflate-raw'
  /** Returns the size of a piece when so many bytes are inflated. */
  readonly pieceBytes: (inflated: number) => number
  /** Size of a piece from where the last attempt failed. */
  readonly carefulBytes?: number
  /** Deflated bytes after which the attempt fails. */
  readonly maxDeflated: number
}

/** What the attempts so far have achieved. */
interface Progress {
  /** Inflated bytes that were yielded. */
  given: number
  /** Offset of the deflated piece that failed. */
  failedAt: number
  /** The error of the last attempt, or undefined if the data have simply ended. */
  error: unknown
}

/**
 * Inflates from the start, and yields what no earlier attempt has yielded. Stops at an error, which is then in
 * `progress`.
 */
async function* attempt(
  parts: readonly Uint8Array[],
  { format, pieceBytes, carefulBytes = 1, maxDeflated }: Manner,
  progress: Progress,
): AsyncGenerator<Uint8Array, void> {
  const { readable, writable } = new DecompressionStream(format)
  const writer = writable.getWriter()
  const reader = openByteReader(readable)
  const read = () => ignored(reader.read())
  // In Workers, the stream takes and keeps all that is written, so the caller has to read until nothing is left, i.e.
  // until a read does not fill the reader's memory. Elsewhere, the stream lets the writer wait.
  const keepsAll = reader.hasMemory
  const take = createCursor(parts)
  const { given, failedAt } = progress
  let inflated = 0
  let start = format === 'deflate' ? 0 : take(ZLIB_HEADER_BYTES).length
  let isEnded = false
  progress.error = undefined
  try {
    let reading = read()
    while (!isEnded) {
      // A read is pending: all of the earlier pieces was read. This limits the memory, and what an error loses.
      const piece = take(start < failedAt ? Math.min(pieceBytes(inflated), failedAt - start) : carefulBytes)
      isEnded = piece.length === 0
      let isDrained = false
      const written = isEnded ? ignored(writer.close()) : writer.write(piece)
      const waitUntilIdle = async () => {
        await written
        if (keepsAll && !isDrained) await pause()
        return 'idle' as const
      }
      const idle = isEnded && !keepsAll ? NEVER : ignored(waitUntilIdle())
      for (;;) {
        const value = await Promise.race([reading, idle])
        if (value === 'idle') break
        if (!value) return
        const known = Math.min(value.length, Math.max(0, given - inflated))
        inflated += value.length
        isDrained = value.length < READER_BYTES
        if (known < value.length) {
          progress.given = inflated
          yield known > 0 ? value.subarray(known) : value
        }
        reading = read()
      }
      start += piece.length
      if (start > maxDeflated) throw new RangeError(`more than ${maxDeflated} deflated bytes`)
    }
  } catch (error) {
    progress.error = error
    progress.failedAt = start
  } finally {
    reader.cancel()
  }
}

const NEVER = new Promise<never>(() => {})

/** Returns a function that returns the next bytes of `parts`: as many as it is asked for, or all that are left. */
function createCursor(parts: readonly Uint8Array[]): (bytes: number) => Uint8Array<ArrayBuffer> {
  let index = 0
  let from = 0
  return (bytes) => {
    const taken: Uint8Array<ArrayBuffer>[] = []
    for (let missing = bytes; missing > 0 && index < parts.length;) {
      const part = parts[index].subarray(from, from + missing) as Uint8Array<ArrayBuffer>
      missing -= part.length
      from += part.length
      if (part.length > 0) taken.push(part)
      if (from < parts[index].length) break
      index++
      from = 0
    }
    return taken.length === 1 ? taken[0] : concat(taken)
  }
}

/** Returns the promise. Its rejection does not count as unhandled if nobody waits for it any more. */
function ignored<Result>(promise: Promise<Result>): Promise<Result> {
  promise.catch(() => {})
  return promise
}
