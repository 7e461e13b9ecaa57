// GIF89a: https://www.w3.org/Graphics/GIF/spec-gif89a.txt

import type { Findings, Obstacle } from './findings.ts'
import { isGreyPalette } from './palette.ts'

/** The version and the screen descriptor. */
export const SCREEN_BYTES = 13
/** A frame's separator, place, size and flags. */
export const DESCRIPTOR_BYTES = 10
const EXTENSION = 0x21
const GRAPHIC_CONTROL = 0xf9
const FRAME = 0x2c
/** Browsers show nothing of a frame whose colours have more bits. */
const MAX_COLOR_BITS = 8

export interface GifBlock {
  /** A `control` extension describes the frame that follows it. */
  readonly kind: 'frame' | 'control' | 'extension'
  /** The block as in the file, as far as it is there. */
  readonly whole: Uint8Array
}

/** Yields the blocks behind the screen's palette, up to the trailer or what is no block. */
export function* gifBlocks(bytes: Uint8Array): Generator<GifBlock> {
  let at = SCREEN_BYTES + screenPalette(bytes).length
  for (;;) {
    const type = bytes[at]
    if (type !== EXTENSION && type !== FRAME) return
    const subBlocks = type === FRAME ? DESCRIPTOR_BYTES + paletteBytes(bytes[at + 9] ?? 0) + 1 : 2
    const end = skipSubBlocks(bytes, at + subBlocks)
    const kind = type === FRAME ? 'frame' : bytes[at + 1] === GRAPHIC_CONTROL ? 'control' : 'extension'
    yield { kind, whole: bytes.subarray(at, end) }
    at = end
  }
}

/** Returns the palette of the screen, three bytes for each colour; empty if there is none. */
export function screenPalette(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(SCREEN_BYTES, SCREEN_BYTES + paletteBytes(bytes[10]))
}

/** Returns the palette of a frame; empty if the frame has that of the screen. */
export function framePalette(frame: Uint8Array): Uint8Array {
  return frame.subarray(DESCRIPTOR_BYTES, DESCRIPTOR_BYTES + paletteBytes(frame[9]))
}

export function readGif(bytes: Uint8Array, found: Findings): Obstacle | undefined {
  if (bytes.length < SCREEN_BYTES) return 'DAMAGED'
  const [width, height] = [uint16(bytes, 6), uint16(bytes, 8)]
  found.width = width
  found.height = height

  let frames = 0
  for (const { kind, whole } of gifBlocks(bytes)) {
    if (kind === 'control' && frames === 0 && (whole[3] ?? 0) & 1) found.alpha = true
    if (kind !== 'frame') continue
    if (++frames > 1) return 'ANIMATED'
    if (whole.length < DESCRIPTOR_BYTES) return 'DAMAGED'
    const [x, y, frameWidth, frameHeight] = [1, 3, 5, 7].map((at) => uint16(whole, at)) as Frame
    // Viewers disagree on a frame that exceeds the screen: some enlarge the screen, some cut off the frame.
    if (x + frameWidth > width || y + frameHeight > height || !frameWidth || !frameHeight) return 'DAMAGED'
    if (frameWidth < width || frameHeight < height) found.alpha = true
    const local = framePalette(whole)
    found.grey = isGreyPalette(local.length > 0 ? local : screenPalette(bytes), 3)
    if ((whole[DESCRIPTOR_BYTES + local.length] ?? 0) > MAX_COLOR_BITS) return 'DAMAGED'
  }
  return frames === 0 ? 'DAMAGED' : undefined
}

type Frame = [x: number, y: number, width: number, height: number]

function uint16(bytes: Uint8Array, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8)
}

/** Returns the size of a palette in bytes. `flags` are those of the screen or of a frame. */
function paletteBytes(flags: number): number {
  return flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0
}

/** Returns the position after the sub-blocks. Each begins with its length; an empty sub-block ends the list. */
function skipSubBlocks(bytes: Uint8Array, at: number): number {
  for (;;) {
    const length = bytes[at++]
    if (!length) return at
    at += length
  }
}
