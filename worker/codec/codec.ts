// Decodes and encodes the picture formats that every browser shows. The same code runs in Workers, Node and browsers;
// each of these platforms passes in the compiled modules.

import type { Rgba } from '../image/plane.ts'
import { rowsOf } from '../image/rows.ts'
import { release } from '../base/release.ts'
import type { Codec } from './contract.ts'
import { CodecError } from './error.ts'
import type { CodecModules } from './files.ts'
import { type Header, readHeader } from './header.ts'
import { createInstances, guarded } from './instance.ts'
import { decodeJpeg, decodeJpegRows, encodeJpeg } from './jpeg.ts'
import { applyOrientation } from './orientation.ts'
import { decodeWithPhoton } from './photon.ts'
import { encodePng, plainPng } from './png.ts'
import { fittingIcc, neededSamples } from './samples.ts'
import { decodeWebp, encodeWebp } from './webp.ts'

/** Creates a codec. `instances` runs the modules. By default the codec creates new `Instances`. */
export function createCodec(modules: CodecModules, instances = createInstances()): Codec {
  return {
    async decode(bytes, header) {
      requireDecodable(header)
      const stored = await guarded(`decoding ${header.type}`, () => decodeStored(bytes, header))
      const upright = applyOrientation(stored, header.orientation)
      if (upright !== stored) release(stored.data)
      return upright
    },

    async decodeRows(bytes, header, divisor, take) {
      requireDecodable(header)
      if (header.type !== 'jpeg') throw new CodecError(`expected a JPEG to decode by rows, got ${header.type}`)
      await guarded('decoding jpeg', async () => {
        await decodeJpegRows(instances, modules.jpegDecoder, bytes, header, divisor, take)
        return true
      })
    },

    async encode(picture, as) {
      const { width, height, data } = picture
      if (width < 1 || height < 1 || data.length !== width * height * 4) {
        throw new CodecError(`cannot encode ${width}x${height} pixels in ${data.length} bytes`)
      }
      const file = await guarded(`encoding ${as.format}`, () => {
        switch (as.format) {
          case 'jpeg':
            return encodeJpeg(instances, modules.jpegEncoder, picture, as)
          case 'png': {
            const samples = neededSamples(picture, as.icc)
            const icc = fittingIcc(as.icc, samples.grey)
            return encodePng(instances, modules.pngEncoder, rowsOf(picture), { ...samples, icc })
          }
          case 'webp':
            return encodeWebp(instances, modules.webpEncoder, picture, as)
        }
      })
      const { type, ...is } = readHeader(file)
      if (type !== as.format || is.width !== width || is.height !== height) {
        throw new CodecError(
          `encoding ${as.format} produced ${type} of ${is.width}x${is.height}, expected ${width}x${height}`,
        )
      }
      return file
    },
  }

  function requireDecodable({ obstacle }: Header): void {
    if (obstacle) throw new CodecError(`cannot decode: ${obstacle}`)
  }

  function decodeStored(bytes: Uint8Array, header: Header): Promise<Rgba> {
    switch (header.type) {
      case 'jpeg':
        return decodeJpeg(instances, modules.jpegDecoder, bytes, header)
      case 'webp':
        return decodeWebp(instances, modules.webpDecoder, bytes, header)
      case 'png':
        return decodeWithPhoton(instances, modules.photon, plainPng(bytes), header)
      default:
        return decodeWithPhoton(instances, modules.photon, bytes, header)
    }
  }
}
