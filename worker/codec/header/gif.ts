// GIF89a: https://www.w3.org/Graphics/GIF/spec-gif89a.txt

import type { Findings, Obstacle } from './findings.ts'
import { isGreyPalette } from './palette.ts'

const EXTENSION = 0x21
const GRAPHIC_CONTROL = 0xf9
const IMAGE = 0x2c

export function readGif(bytes: Uint8Array, found: Findings): Obstacle | undefined {
  if (bytes.length < 13) return 'DAMAGED'
  const uint16 = (at: number) => (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8)
  const [width, height] = [uint16(6), uint16(8)]
  found.width = width
  found.height = height
  let at = 13
  let palette = bytes.subarray(at, at + paletteBytes(bytes[10]))
  at += palette.length

  let frames = 0
  for (;;) {
    const block = bytes[at++]
    if (block === EXTENSION) {
      const isTransparent = bytes[at] === GRAPHIC_CONTROL && ((bytes[at + 2] ?? 0) & 1) === 1
      if (isTransparent && frames === 0) found.alpha = true
      at = skipSubBlocks(bytes, at + 1)
    } else if (block === IMAGE) {
      if (++frames > 1) return 'ANIMATED'
      // An image descriptor contains x, y, width, height and flags. Palette, code size and pixels follow it.
      if (at + 10 > bytes.length) return 'DAMAGED'
      const [x, y, frameWidth, frameHeight] = [0, 2, 4, 6].map((offset) => uint16(at + offset)) as Frame
      // Viewers disagree on a frame that exceeds the screen: some enlarge the screen, some cut off the frame.
      if (x + frameWidth > width || y + frameHeight > height || !frameWidth || !frameHeight) {
        return 'DAMAGED'
      }
      if (frameWidth < width || frameHeight < height) found.alpha = true
      const local = bytes.subarray(at + 9, at + 9 + paletteBytes(bytes[at + 8]))
      if (local.length > 0) palette = local
      found.grey = isGreyPalette(palette, 3)
      at = skipSubBlocks(bytes, at + 10 + local.length)
    } else break
  }
  return frames === 0 ? 'DAMAGED' : undefined
}

type Frame = [x: number, y: number, width: number, height: number]

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
