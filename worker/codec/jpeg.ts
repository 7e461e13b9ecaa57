// JPEG by MozJPEG (@jsquash/jpeg). Markers: ITU-T T.81, Annex B. Profiles in APP2: ICC.1:2022, B.4.

import createDecoder from '@jsquash/jpeg/codec/dec/mozjpeg_dec.js'
import createEncoder from '@jsquash/jpeg/codec/enc/mozjpeg_enc.js'
import type { Rgba } from '../image/plane.ts'
import { pause } from '../base/pause.ts'
import { concat } from '../base/concat.ts'
import type { Encoding } from './contract.ts'
import { CodecError } from './error.ts'
import type { CodecModules } from './files.ts'
import type { Header } from './header.ts'
import type { EmscriptenFactory, Instances } from './instance.ts'
import type { JpegVariant } from './jpeg/variant.ts'
import { createSymbolCoder, joinStrips, STRIP_ROW_STEP } from './jpeg/strips.ts'
import { fittingIcc, neededSamples } from './samples.ts'
import { checkDecoded } from './checkDecoded.ts'

type Decoder = EmscriptenFactory<{
  decode(file: Uint8Array, preserveOrientation: boolean): Rgba | null
}>
type Encoder = EmscriptenFactory<{
  encode(pixels: Uint8Array | Uint8ClampedArray, width: number, height: number, options: object): Uint8Array
}>

/** Largest side that decoders accept, in pixels: libjpeg's JPEG_MAX_DIMENSION. */
const MAX_SIDE = 65_500

/**
 * Pixels per strip. A strip of this size takes 4 MiB of memory. With strips of half the size, encoding takes 1.5 times
 * as long; strips of twice the size save no time.
 */
const STRIP_PIXELS = 2 ** 18

// Super resolution enlarges chroma smoothly, so 4:2:0 loses little. On six Kodak pictures whose chroma was enlarged in
// this way, 4:2:0 (quality 85) reaches 35.5 dB and 4:4:4 reaches 34.6 dB, both at 1.70 bits per pixel.
const SERVED: JpegVariant = { subsampling: '4:2:0', steps: 'robidoux' }

const GREY = 1
const YCBCR = 3

/** MozJPEG's codes for a JpegVariant: luma samples per chroma sample along a side, and the index of a step table. */
const CHROMA_SUBSAMPLE = { '4:2:0': 2, '4:4:4': 1 } as const
const QUANT_TABLE = { robidoux: 3, 'annex-k': 0 } as const

// MozJPEG's settings as jSquash names them. Callers cannot change them. With trellis_loops: 0, MozJPEG would divide by
// zero. Without optimize_coding, this build writes incomplete Huffman tables and therefore broken files.
const SETTINGS = {
  baseline: true,
  arithmetic: false,
  progressive: false,
  optimize_coding: true,
  smoothing: 0,
  trellis_multipass: false,
  trellis_opt_zero: false,
  trellis_opt_table: false,
  trellis_loops: 1,
  auto_subsample: false,
  separate_chroma_quality: false,
  chroma_quality: 75,
}

export function decodeJpeg(
  instances: Instances,
  module: WebAssembly.Module,
  bytes: Uint8Array,
  header: Header,
): Promise<Rgba> {
  const factory = createDecoder as unknown as Decoder
  const asStored = false
  return instances.run(factory, module, (decoder) => checkDecoded(decoder.decode(bytes, asStored), header))
}

/** Encodes a baseline JPEG. Transparency becomes white; a picture without colour is stored as grey. */
export async function encodeJpeg(
  instances: Instances,
  { jpegEncoder, jpegSymbols }: CodecModules,
  picture: Rgba,
  { quality, icc, jpeg = SERVED }: Pick<Encoding, 'quality' | 'icc' | 'jpeg'>,
): Promise<Uint8Array> {
  const { width, height, data } = picture
  if (width > MAX_SIDE || height > MAX_SIDE)
    throw new CodecError(`JPEG allows at most ${MAX_SIDE} pixels a side, got ${width}x${height}`)
  const { grey, alpha } = neededSamples(picture, icc)
  const settings = {
    ...SETTINGS,
    quality,
    color_space: grey ? GREY : YCBCR,
    quant_table: QUANT_TABLE[jpeg.steps],
    chroma_subsample: CHROMA_SUBSAMPLE[jpeg.subsampling],
  }
  const stripRows = STRIP_ROW_STEP * Math.ceil(STRIP_PIXELS / STRIP_ROW_STEP / width)
  const factory = createEncoder as unknown as Encoder
  const strips = await instances.run(factory, jpegEncoder, async (encoder) => {
    const files: Uint8Array[] = []
    for (let top = 0; top < height; top += stripRows) {
      if (top > 0) await pause()
      const rows = Math.min(stripRows, height - top)
      const pixels = data.subarray(top * width * 4, (top + rows) * width * 4)
      files.push(encoder.encode(alpha ? onWhite(pixels) : pixels, width, rows, settings))
    }
    return files
  })
  const file =
    strips.length === 1
      ? strips[0]
      : await instances.run(createSymbolCoder, jpegSymbols, (coder) => joinStrips(coder, strips, height))
  const profile = fittingIcc(icc, grey)
  return profile ? withProfile(file, profile) : file
}

function onWhite(pixels: Uint8Array | Uint8ClampedArray): Uint8Array {
  const flat = new Uint8Array(pixels.length)
  for (let i = 0; i < pixels.length; i += 4) {
    const alpha = pixels[i + 3]
    const white = 255 * (255 - alpha)
    for (let c = i; c < i + 3; c++) flat[c] = Math.round((pixels[c] * alpha + white) / 255)
    flat[i + 3] = 255
  }
  return flat
}

const ICC_PREFIX = Uint8Array.from('ICC_PROFILE\0', (letter) => letter.charCodeAt(0))
/**
 * A segment holds 65533 bytes after its length. The prefix, the number of the part and the number of parts take 14 of
 * them.
 */
const ICC_PART_BYTES = 65519

/** Inserts the profile after SOI and APP0, in parts that are numbered from 1. */
function withProfile(file: Uint8Array, icc: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = []
  const count = Math.ceil(icc.length / ICC_PART_BYTES)
  for (let i = 0; i < count; i++) {
    const part = icc.subarray(i * ICC_PART_BYTES, (i + 1) * ICC_PART_BYTES)
    const length = 2 + ICC_PREFIX.length + 2 + part.length
    const marker = Uint8Array.of(0xff, 0xe2, length >> 8, length & 0xff)
    parts.push(marker, ICC_PREFIX, Uint8Array.of(i + 1, count), part)
  }
  const hasApp0 = file[3] === 0xe0
  const at = hasApp0 ? 4 + ((file[4] << 8) | file[5]) : 2
  return concat([file.subarray(0, at), ...parts, file.subarray(at)])
}
