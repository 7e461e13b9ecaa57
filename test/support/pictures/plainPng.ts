// Prepares PNG files for photon (Rust's image crate), with which tests compare the pixels of our own decoder.
import { concat } from '../../../worker/base/concat.ts'
import { PALETTE, readPngFile } from '../../../worker/codec/png/file.ts'
import { pngChunk } from './png.ts'

/** Signature and IHDR. */
const HEAD_BYTES = 33

/**
 * Returns the file with only the chunks that the pixels depend on, and with a palette that has all colours: photon would
 * refuse some files that browsers show, and inflate a profile or text of any size.
 */
export function plainPng(bytes: Uint8Array): Uint8Array {
  const { colorType, depth, palette, transparency, data } = readPngFile(bytes)
  const last = Math.floor(palette.length / 3) - 1
  const places = Array.from({ length: 2 ** Math.min(8, depth) }, (_, i) => Math.min(i, last))
  const isPalette = colorType === PALETTE
  const colors = isPalette ? places.flatMap((i) => [...palette.subarray(3 * i, 3 * i + 3)]) : []
  const alpha = isPalette ? places.map((i) => transparency[i] ?? 255) : [...transparency]
  return concat([
    bytes.subarray(0, HEAD_BYTES),
    ...(isPalette ? [pngChunk('PLTE', Uint8Array.from(colors))] : []),
    ...(alpha.length > 0 ? [pngChunk('tRNS', Uint8Array.from(alpha))] : []),
    pngChunk('IDAT', concat(data)),
    pngChunk('IEND', new Uint8Array(0)),
  ])
}
