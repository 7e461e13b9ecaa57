// Decodes and encodes the picture formats that every browser shows. The same code runs in Workers, Node and browsers;
// each of these platforms passes in the compiled modules.

import { release } from '../base/release.ts'
import type { Rgba } from '../image/plane.ts'
import { collectRows, type Pixels, type Rows, rowsOf } from '../image/rows.ts'
import type { Codec, Divisor, Encoding } from './contract.ts'
import { CodecError } from './error.ts'
import type { CodecModuleSource } from './files.ts'
import { dividedSize, type Header, readHeader } from './header.ts'
import { plainGif } from './gif.ts'
import { createInstances, guarded, guardedBands } from './instance.ts'
import { decodeJpegRows, encodeJpeg } from './jpeg.ts'
import { uprightRows } from './orientation.ts'
import { decodeWithPhoton } from './photon.ts'
import { decodeInterlacedPng, decodePngRows, encodePng } from './png.ts'
import { fittingIcc, neededSamples } from './samples.ts'
import { inTurns } from './turns.ts'
import { decodeWebp, encodeWebp } from './webp.ts'

/** Creates a codec. `instances` runs the modules. By default the codec creates new `Instances`. */
export function createCodec(modules: CodecModuleSource, instances = createInstances()): Codec {
  const codec: Codec = {
    decodeRows(bytes, header, divisor = 1) {
      const bands = guardedBands(`decoding ${header.type}`, () => bandsOf(bytes, header, divisor))
      return { ...dividedSize(header, divisor), bands }
    },

    async decode(bytes, header) {
      const stored = isByRows(header)
        ? await collectRows(codec.decodeRows(bytes, header))
        : await guarded(`decoding ${header.type}`, () => decodeWhole(bytes, header))
      if (header.orientation === 1) return stored
      const upright = await collectRows(uprightRows(stored, header.orientation))
      release(stored.data)
      return upright
    },

    async encodeRows(rows, { icc, ...as }) {
      const { format, grey } = as
      const { width, height } = rows
      if (width < 1 || height < 1) throw new CodecError(`cannot encode ${width}x${height} pixels`)
      const profile = fittingIcc(icc, grey && format !== 'webp')
      const file = await guarded(`encoding ${format}`, async () => {
        switch (format) {
          case 'jpeg':
            return encodeJpeg(instances, await modules.jpegEncoder, rows, { ...as, icc: profile })
          case 'png':
            return encodePng(instances, await modules.pngEncoder, rows, { ...as, icc: profile })
          case 'webp':
            return encodeWhole(rows, { ...as, icc: profile })
        }
      })
      const { type, ...is } = readHeader(file)
      if (type !== format || is.width !== width || is.height !== height) {
        throw new CodecError(
          `encoding ${format} produced ${type} of ${is.width}x${is.height}, expected ${width}x${height}`,
        )
      }
      return file
    },

    async encode(picture, as) {
      const { width, height, data } = picture
      if (data.length !== 4 * width * height) {
        throw new CodecError(`cannot encode ${width}x${height} pixels in ${data.length} bytes`)
      }
      return codec.encodeRows(rowsOf(picture), { ...as, ...neededSamples(picture, as.icc) })
    },
  }
  return codec

  /** Yields the stored rows. */
  async function* bandsOf(bytes: Uint8Array, header: Header, divisor: Divisor): AsyncGenerator<Pixels, void> {
    requireDecodable(header)
    const { type } = header
    if (divisor > 1 && type !== 'jpeg') throw new CodecError(`expected a JPEG to decode at 1/${divisor}, got ${type}`)
    if (!isByRows(header)) yield* wholeBand(bytes, header)
    else if (type === 'png') yield* decodePngRows(instances, await modules.pngDecoder, bytes, header)
    else yield* decodeJpegRows(instances, await modules.jpegDecoder, bytes, header, divisor)
  }

  /** Yields a picture that is decoded as a whole. */
  async function* wholeBand(bytes: Uint8Array, header: Header): AsyncGenerator<Pixels, void> {
    const { width, data } = await decodeWhole(bytes, header)
    yield* inTurns([data], width)
    release(data)
  }

  async function encodeWhole(rows: Rows, as: Pick<Encoding, 'quality' | 'icc'>): Promise<Uint8Array | null> {
    const picture = await collectRows(rows)
    const file = await encodeWebp(instances, await modules.webpEncoder, picture, as)
    release(picture.data)
    return file
  }

  async function decodeWhole(bytes: Uint8Array, header: Header): Promise<Rgba> {
    requireDecodable(header)
    if (header.type === 'webp') return decodeWebp(instances, await modules.webpDecoder, bytes, header)
    if (header.type === 'png') return decodeInterlacedPng(instances, await modules.pngDecoder, bytes, header)
    if (header.type !== 'gif') return decodeWithPhoton(instances, await modules.photon, bytes, header)
    const plain = plainGif(bytes)
    return decodeWithPhoton(instances, await modules.photon, plain, header).finally(() => release(plain))
  }
}

/** True for files whose pixels are decoded row by row. */
function isByRows({ type, interlaced }: Header): boolean {
  return type === 'jpeg' || (type === 'png' && !interlaced)
}

function requireDecodable({ obstacle }: Header): void {
  if (obstacle) throw new CodecError(`cannot decode: ${obstacle}`)
}
