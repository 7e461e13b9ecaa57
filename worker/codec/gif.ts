// Reduces a GIF to its picture, for photon, which refuses or misreads what browsers show.
// https://www.w3.org/Graphics/GIF/spec-gif89a.txt

import { concat } from '../base/concat.ts'
import { DESCRIPTOR_BYTES, framePalette, gifBlocks, SCREEN_BYTES, screenPalette } from './header/gif.ts'

const HAS_PALETTE = 0x80
/** The flag of a frame's palette, and the number of its colours: 256. */
const WHOLE_PALETTE = HAS_PALETTE | 7
const WHOLE_PALETTE_BYTES = 3 * 256
/** Bits of a frame's flags that describe its palette: whether there is one, whether it is sorted, its size. */
const PALETTE_BITS = 0xa7

/**
 * Returns the file with only its frame and the control before it. The frame gets a palette of 256 colours, in which those
 * that the file lacks are black: photon would refuse a file without a palette, and make colours beyond it transparent.
 */
export function plainGif(bytes: Uint8Array): Uint8Array {
  const blocks = [...gifBlocks(bytes)] // readGif has found a single frame
  const at = blocks.findIndex(({ kind }) => kind === 'frame')
  const frame = blocks[at].whole
  const control = blocks.slice(0, at).findLast(({ kind }) => kind === 'control')
  const screen = Uint8Array.from(bytes.subarray(0, SCREEN_BYTES))
  screen[10] &= ~HAS_PALETTE
  const local = framePalette(frame)
  const palette = new Uint8Array(WHOLE_PALETTE_BYTES)
  palette.set(local.length > 0 ? local : screenPalette(bytes))
  const descriptor = Uint8Array.from(frame.subarray(0, DESCRIPTOR_BYTES))
  descriptor[9] = (descriptor[9] & ~PALETTE_BITS) | WHOLE_PALETTE
  const coded = frame.subarray(DESCRIPTOR_BYTES + local.length)
  return concat([screen, ...(control ? [control.whole] : []), descriptor, palette, coded])
}
