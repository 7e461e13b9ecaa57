// PNG: reduces a file to what photon needs for decoding, and encodes with this project's own codec (png/), in turns that
// let other requests run. https://www.w3.org/TR/png-3/

import { concat } from '../base/concat.ts'
import { pause } from '../base/pause.ts'
import type { Rows } from '../image/rows.ts'
import { pngChunks, SIGNATURE_BYTES } from './header/png.ts'
import type { Instances } from './instance.ts'
import { chunk } from './png/chunk.ts'
import { createPngEncoder, createPngEncoderModule, type PngSettings } from './png/encoder.ts'

const PICTURE_CHUNKS = new Set(['IHDR', 'PLTE', 'tRNS', 'IDAT'])

/** Returns the file with only its picture chunks, because photon would inflate a profile or text of any size. */
export function plainPng(bytes: Uint8Array): Uint8Array {
  const parts = [bytes.subarray(0, SIGNATURE_BYTES)]
  for (const { type, whole } of pngChunks(bytes)) {
    if (type === 'IEND') break
    if (PICTURE_CHUNKS.has(type)) parts.push(whole)
  }
  return concat([...parts, ...chunk('IEND', [])])
}

/** Pixels after which other requests get their turn: about ten milliseconds. */
const PIXELS_PER_TURN = 2 ** 18

/**
 * Encodes a picture with 8 bits a sample, as grey or RGB, with alpha or without. Rejects with a CodecError if `rows` has
 * fewer or more rows than it says.
 */
export function encodePng(
  instances: Instances,
  module: WebAssembly.Module,
  { width, height, bands }: Rows,
  { grey, alpha, icc }: Pick<PngSettings, 'grey' | 'alpha' | 'icc'>,
): Promise<Uint8Array> {
  return instances.run(createPngEncoderModule, module, async (exports) => {
    const encoder = createPngEncoder(exports, { width, height, grey, alpha, icc })
    const turnBytes = 4 * width * Math.ceil(PIXELS_PER_TURN / width)
    let sinceTurn = 0
    for await (const band of bands) {
      for (let at = 0; at < band.length;) {
        if (sinceTurn === turnBytes) {
          await pause()
          sinceTurn = 0
        }
        const end = Math.min(band.length, at + turnBytes - sinceTurn)
        encoder.takeRgba(band.subarray(at, end))
        sinceTurn += end - at
        at = end
      }
    }
    return encoder.finish()
  })
}
