// PNG by this project's own codec (png/): rows of RGBA, in turns that let other requests run.
// https://www.w3.org/TR/png-3/

import type { Rgba } from '../image/plane.ts'
import type { Rows } from '../image/rows.ts'
import { CodecError } from './error.ts'
import type { Header } from './header.ts'
import type { Instances } from './instance.ts'
import { createPngDecoder, createPngDecoderModule, inflatedBytesOf, type PngDecoderExports } from './png/decoder.ts'
import { createPngEncoder, createPngEncoderModule, type PngSettings } from './png/encoder.ts'
import { type PngFile, readPngFile } from './png/file.ts'
import { inflate } from './png/inflate.ts'
import { decodeInterlaced } from './png/interlaced.ts'
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
  const file = fileOf(bytes, header)
  const decoder = createPngDecoder(exports, file)
  for await (const inflated of inflate(file.data, inflatedBytesOf(file))) {
    for (let at = 0; at < inflated.length && !decoder.isDone();) {
      at = decoder.take(inflated, at)
      const band = decoder.band()
      if (band) yield band
    }
    // What follows the last row is not even inflated, so it may be damaged.
    if (decoder.isDone()) return
  }
}

/** Decodes an interlaced PNG, whose rows do not come from top to bottom. Rejects with a DamagedError as above. */
export function decodeInterlacedPng(
  instances: Instances,
  module: WebAssembly.Module,
  bytes: Uint8Array,
  header: Header,
): Promise<Rgba> {
  const decode = (exports: PngDecoderExports) => decodeInterlaced(exports, fileOf(bytes, header))
  return instances.run(createPngDecoderModule, module, decode)
}

/** Reads the file's chunks. Throws a CodecError if its size is not the header's. */
function fileOf(bytes: Uint8Array, { width, height }: Header): PngFile {
  const file = readPngFile(bytes)
  if (file.width !== width || file.height !== height) {
    throw new CodecError(`decoding png found ${file.width}x${file.height}, header says ${width}x${height}`)
  }
  return file
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
