// JPEG by this project's own codec (jpeg/): whole pictures in RGBA, in turns that let other requests run.

import type { Rgba } from '../image/plane.ts'
import { pause } from '../base/pause.ts'
import { CodecError } from './error.ts'
import type { Divisor, Encoding } from './contract.ts'
import { dividedSize, type Header } from './header.ts'
import type { Instances } from './instance.ts'
import { type BlockSide, createJpegDecoder, createJpegDecoderModule } from './jpeg/decoder.ts'
import { createJpegEncoder, createJpegEncoderModule } from './jpeg/encoder.ts'
import type { JpegVariant } from './jpeg/variant.ts'
import { canBeGrey, fittingIcc } from './samples.ts'

/** Samples of each side of a block. */
const BLOCK_SIDE = 8

/** Pixels after which other requests get their turn: one to three milliseconds of decoding or encoding. */
const PIXELS_PER_TURN = 2 ** 18

// Super resolution enlarges chroma smoothly, so 4:2:0 loses little. On six Kodak pictures whose chroma was enlarged in
// this way, 4:2:0 (quality 85) reaches 35.5 dB and 4:4:4 reaches 34.6 dB, both at 1.70 bits per pixel.
const SERVED: JpegVariant = { subsampling: '4:2:0', steps: 'robidoux' }

export async function decodeJpeg(
  instances: Instances,
  module: WebAssembly.Module,
  bytes: Uint8Array,
  header: Header,
): Promise<Rgba> {
  const { width, height } = header
  const data = new Uint8ClampedArray(4 * width * height)
  let done = 0
  await decodeJpegRows(instances, module, bytes, header, 1, (rows) => {
    data.set(rows, done)
    done += rows.length
  })
  return { width, height, data }
}

/** Gives the picture to `take` by rows. */
export function decodeJpegRows(
  instances: Instances,
  module: WebAssembly.Module,
  bytes: Uint8Array,
  header: Header,
  divisor: Divisor,
  take: (rows: Uint8Array) => void,
): Promise<void> {
  const side = (BLOCK_SIDE / divisor) as BlockSide
  return instances.run(createJpegDecoderModule, module, async (exports) => {
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
      if (rows) take(rows)
      sinceTurn += rows?.length ?? rowlessBytes
      if (sinceTurn < bytesPerTurn) continue
      sinceTurn = 0
      await pause()
    }
  })
}

/** Encodes a baseline JPEG. Transparency becomes white; a picture without colour is stored as grey. */
export function encodeJpeg(
  instances: Instances,
  module: WebAssembly.Module,
  picture: Rgba,
  { quality, icc, jpeg = SERVED }: Pick<Encoding, 'quality' | 'icc' | 'jpeg'>,
): Promise<Uint8Array> {
  const { width, height, data } = picture
  const grey = canBeGrey(picture, icc)
  return instances.run(createJpegEncoderModule, module, async (exports) => {
    const encoder = createJpegEncoder(exports, {
      width,
      height,
      quality,
      grey,
      variant: jpeg,
      icc: fittingIcc(icc, grey),
    })
    const rowsPerTurn = Math.ceil(PIXELS_PER_TURN / width)
    for (let top = 0; top < height; top += rowsPerTurn) {
      if (top > 0) await pause()
      encoder.takeRgba(data.subarray(4 * width * top, 4 * width * Math.min(height, top + rowsPerTurn)))
    }
    return encoder.finish()
  })
}
