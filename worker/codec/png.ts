// PNG by this project's own codec (png/): rows of RGBA, in turns that let other requests run. An interlaced file is
// reduced to what photon needs for decoding it.
// https://www.w3.org/TR/png-3/

import { concat } from '../base/concat.ts'
import type { Rows } from '../image/rows.ts'
import { CodecError } from './error.ts'
import type { Header } from './header.ts'
import { pngChunks, SIGNATURE_BYTES } from './header/png.ts'
import type { Instances } from './instance.ts'
import { chunk } from './png/chunk.ts'
import { createPngDecoder, createPngDecoderModule, type PngDecoderExports } from './png/decoder.ts'
import { createPngEncoder, createPngEncoderModule, type PngSettings } from './png/encoder.ts'
import { readPngFile } from './png/file.ts'
import { inflate } from './png/inflate.ts'
import { inTurns } from './turns.ts'

/**
 * Yields the pixels of a PNG that is not interlaced, from top to bottom, as bands of whole rows in RGBA with 8 bits. A
 * band is valid until the next one is asked for. The memory needed does not depend on the number of rows. Throws a
 * DamagedError if the file is corrupt or ends early.
 */
export function decodePngRows(
  instances: Instances,
  module: WebAssembly.Module,
  bytes: Uint8Array,
  header: Header,
): AsyncGenerator<Uint8Array, void> {
  return instances.stream(createPngDecoderModule, module, (exports) => bandsOf(exports, bytes, header))
}

async function* bandsOf(
  exports: PngDecoderExports,
  bytes: Uint8Array,
  header: Header,
): AsyncGenerator<Uint8Array, void> {
  const file = readPngFile(bytes)
  if (header.interlaced || file.width !== header.width || file.height !== header.height) {
    const found = `${file.width}x${file.height}`
    throw new CodecError(`decoding png found ${found}, header says ${header.width}x${header.height}, not interlaced`)
  }
  const decoder = createPngDecoder(exports, file)
  for await (const inflated of inflate(file.data, decoder.inflatedBytes)) {
    for (let at = 0; at < inflated.length && !decoder.isDone();) {
      at = decoder.take(inflated, at)
      const band = decoder.band()
      if (band) yield band
    }
    // What follows the last row is not even inflated, so it may be damaged.
    if (decoder.isDone()) return
  }
}

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

/**
 * Encodes a picture with 8 bits a sample, as grey or RGB, with alpha or without. `icc` must fit the samples that are
 * stored. Rejects with a CodecError if `rows` has fewer or more rows than it says.
 */
export function encodePng(
  instances: Instances,
  module: WebAssembly.Module,
  { width, height, bands }: Rows,
  { grey, alpha, icc }: Pick<PngSettings, 'grey' | 'alpha' | 'icc'>,
): Promise<Uint8Array> {
  return instances.run(createPngEncoderModule, module, async (exports) => {
    const encoder = createPngEncoder(exports, { width, height, grey, alpha, icc })
    for await (const part of inTurns(bands, width)) encoder.takeRgba(part)
    return encoder.finish()
  })
}
