// JPEG by this project's own codec (jpeg/): rows of RGBA, in turns that let other requests run.

import type { Rows } from '../image/rows.ts'
import { pause } from '../base/pause.ts'
import { CodecError } from './error.ts'
import type { Divisor, Encoding } from './contract.ts'
import { dividedSize, type Header } from './header.ts'
import type { Instances } from './instance.ts'
import { type BlockSide, createJpegDecoder, createJpegDecoderModule } from './jpeg/decoder.ts'
import { createJpegEncoder, createJpegEncoderModule } from './jpeg/encoder.ts'
import type { JpegVariant } from './jpeg/variant.ts'
import type { Samples } from './samples.ts'
import { inTurns, PIXELS_PER_TURN } from './turns.ts'

/** Samples of each side of a block. */
const BLOCK_SIDE = 8

/** What the decoder takes of memory for its rows of planes and pixels, in bytes a column. */
const ROWS_BYTES = 200

// Super resolution enlarges chroma smoothly, so 4:2:0 loses little. On six Kodak pictures whose chroma was enlarged in
// this way, 4:2:0 (quality 85) reaches 35.5 dB and 4:4:4 reaches 34.6 dB, both at 1.70 bits per pixel.
const SERVED: JpegVariant = { subsampling: '4:2:0', steps: 'robidoux' }

/** Yields the stored rows at 1 / `divisor`. */
export function decodeJpegRows(
  instances: Instances,
  module: WebAssembly.Module,
  bytes: Uint8Array,
  header: Header,
  divisor: Divisor,
): AsyncGenerator<Uint8Array, void> {
  const side = (BLOCK_SIDE / divisor) as BlockSide
  return instances.stream(
    createJpegDecoderModule,
    module,
    async function* stored(exports) {
      const decoder = createJpegDecoder(exports, bytes, side)
      const expected = dividedSize(header, divisor)
      if (decoder.width !== expected.width || decoder.height !== expected.height) {
        throw new CodecError(`decoding jpeg returned ${decoder.width}x${decoder.height}, header says otherwise`)
      }
      // Entropy decoding takes as long for a small result as for a large one.
      const bytesPerTurn = (4 * PIXELS_PER_TURN) / divisor ** 2
      // A row of MCUs of one scan completes no rows of the picture, but costs at most as much as those that it covers.
      const rowlessBytes = 4 * decoder.width * decoder.bandRows
      let sinceTurn = 0
      for (const rows of decoder.rgba()) {
        if (rows) yield rows
        sinceTurn += rows?.length ?? rowlessBytes
        if (sinceTurn < bytesPerTurn) continue
        sinceTurn = 0
        await pause()
      }
    },
    { needBytes: bytes.length + header.coefficientBytes / divisor + (ROWS_BYTES * header.width) / divisor },
  )
}

/** Encodes a baseline JPEG. Transparency becomes white. `icc` must fit the samples that are stored. */
export function encodeJpeg(
  instances: Instances,
  module: WebAssembly.Module,
  { width, height, bands }: Rows,
  { quality, grey, icc, jpeg = SERVED }: Pick<Encoding & Samples, 'quality' | 'grey' | 'icc' | 'jpeg'>,
): Promise<Uint8Array> {
  return instances.run(createJpegEncoderModule, module, async (exports) => {
    const encoder = createJpegEncoder(exports, { width, height, quality, grey, variant: jpeg, icc })
    for await (const part of inTurns(bands, width)) encoder.takeRgba(part)
    return encoder.finish()
  })
}
