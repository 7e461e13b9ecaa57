// Bytes to pixels and back, for the formats that a browser shows. Runs unchanged in Workers, Node and
// browsers: whoever knows the platform brings the compiled modules (workers.ts, node.ts).

import type { Rgba } from '../image/plane.ts'
import { release } from '../release.ts'
import { CodecError } from './error.ts'
import { type Header, readHeader } from './header.ts'
import { createInstances, guarded } from './instance.ts'
import { decodeJpeg, encodeJpeg, type JpegVariant } from './jpeg.ts'
import { applyOrientation } from './orientation.ts'
import { decodeWithPhoton } from './photon.ts'
import { encodePng, plainPng } from './png.ts'
import { decodeWebp, encodeWebp } from './webp.ts'

/** Compiled, not yet instantiated: see instance.ts. */
export interface CodecModules {
  readonly photon: WebAssembly.Module
  readonly jpegDecoder: WebAssembly.Module
  readonly jpegEncoder: WebAssembly.Module
  /** Ours: jpeg/symbols.ts. */
  readonly jpegSymbols: WebAssembly.Module
  readonly webpDecoder: WebAssembly.Module
  readonly webpEncoder: WebAssembly.Module
}

export const ENCODE_FORMATS = ['jpeg', 'png', 'webp'] as const
export type EncodeFormat = (typeof ENCODE_FORMATS)[number]

export interface Encoding {
  readonly format: EncodeFormat
  /** 1 to 100, for JPEG and WebP; PNG is lossless. */
  readonly quality: number
  /**
   * A colour profile to embed as it is (`readIcc`). One for grey samples goes only into an output that
   * stores grey samples (JPEG and PNG of a picture without colour), and is left out otherwise.
   */
  readonly icc?: Uint8Array | undefined
  /** For JPEG; the default is what is served, others are for training. No request reaches this. */
  readonly jpeg?: JpegVariant
}

export interface Codec {
  /**
   * Decodes a whole file to upright pixels (EXIF orientation applied).
   * `header` is `readHeader(bytes)` and must have no obstacle. Throws CodecError.
   */
  decode(bytes: Uint8Array, header: Header): Promise<Rgba>
  /** Encodes; metadata other than `icc` is not written, transparency on JPEG becomes white. Throws CodecError. */
  encode(picture: Rgba, as: Encoding): Promise<Uint8Array>
}

/** `instances`, where a codec is not to have its own, runs the modules. */
export function createCodec(modules: CodecModules, instances = createInstances()): Codec {
  return {
    async decode(bytes, header) {
      if (header.obstacle) throw new CodecError(`cannot decode: ${header.obstacle}`)
      const stored = await guarded(`decoding ${header.type}`, () => decodeStored(bytes, header))
      const upright = applyOrientation(stored, header.orientation)
      if (upright !== stored) release(stored.data)
      return upright
    },

    async encode(picture, as) {
      const { width, height, data } = picture
      if (width < 1 || height < 1 || data.length !== width * height * 4) {
        throw new CodecError(`cannot encode ${width}x${height} pixels in ${data.length} bytes`)
      }
      const file = await guarded(`encoding ${as.format}`, () => {
        switch (as.format) {
          case 'jpeg':
            return encodeJpeg(instances, modules, picture, as)
          case 'png':
            return encodePng(picture, as.icc)
          case 'webp':
            return encodeWebp(instances, modules.webpEncoder, picture, as)
        }
      })
      const { type, ...is } = readHeader(file)
      if (type !== as.format || is.width !== width || is.height !== height) {
        throw new CodecError(`encoding ${as.format} gave ${type}, ${is.width}x${is.height} of ${width}x${height}`) // prettier-ignore
      }
      return file
    },
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
