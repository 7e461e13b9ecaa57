// WebP by libwebp (@jsquash/webp). Container: https://developers.google.com/speed/webp/docs/riff_container

import createDecoder from '@jsquash/webp/codec/dec/webp_dec.js'
import createEncoder from '@jsquash/webp/codec/enc/webp_enc_simd.js'
import type { Rgba } from '../image/plane.ts'
import { encodeAscii } from '../base/ascii.ts'
import { concat } from '../base/concat.ts'
import { release } from '../base/release.ts'
import { DamagedError } from './error.ts'
import type { Header } from './header.ts'
import { FIRST_FRAME_CHUNK, riffChunks, webpChunks } from './header/webp.ts'
import type { EmscriptenFactory, Instances } from './instance.ts'
import { checkDecoded } from './checkDecoded.ts'
import { encodeAlpha } from './webp/alpha.ts'

type Decoder = EmscriptenFactory<{ decode(file: Uint8Array): Rgba | null }>
type Encoder = EmscriptenFactory<{
  encode(pixels: Uint8Array | Uint8ClampedArray, width: number, height: number, options: object): Uint8Array | null
}>

// libwebp's WebPConfig. Names and defaults: https://developers.google.com/speed/webp/docs/api
// At equal PSNR, method 2 saves 3 % of the bytes of method 1 and takes 20 % more time; method 3 saves 7 % of the bytes
// of method 2 and takes twice as long.
const CONFIG = {
  target_size: 0,
  target_PSNR: 0,
  method: 2,
  sns_strength: 50,
  filter_strength: 60,
  filter_sharpness: 0,
  filter_type: 1,
  partitions: 0,
  segments: 4,
  pass: 1,
  show_compressed: 0,
  preprocessing: 0,
  autofilter: 0,
  partition_limit: 0,
  alpha_compression: 0, // webp/alpha.ts compresses it in a quarter of the memory
  alpha_filtering: 1,
  alpha_quality: 100,
  lossless: 0,
  exact: 0,
  image_hint: 0,
  emulate_jpeg_size: 0,
  thread_level: 0,
  low_memory: 0,
  near_lossless: 100,
  use_delta_palette: 0,
  use_sharp_yuv: 0,
}

/**
 * Limits on the memory of libwebp. The decoder takes up to 11 bytes a pixel beside the file, or 12 for noise with alpha:
 * 57 MiB for 4 megapixels and a file of 10 MB. But the Huffman codes of a lossless file take memory that its header does
 * not state: a file of 295 KB can make libwebp take 1.5 GB. The encoder takes up to 12 bytes a pixel, 17 for noise, 19
 * with alpha, and 26 for noise with alpha; its limit is above all of them.
 */
const MAX_DECODER_BYTES = 64 * 2 ** 20
/** Only the command line and the playground decode larger pictures. */
const PIXELS_WITHIN = 4_000_000
const MAX_BYTES_PER_PIXEL = 32
const MAX_ENCODER_BASE_BYTES = 4 * 2 ** 20

/** What libwebp's encoder takes of memory in most cases, in bytes a pixel. */
const ENCODER_BYTES_PER_PIXEL = 14

export function decodeWebp(
  instances: Instances,
  module: WebAssembly.Module,
  bytes: Uint8Array,
  header: Header,
): Promise<Rgba> {
  const factory = createDecoder as unknown as Decoder
  const plain = plainWebp(bytes, header)
  const pixels = header.width * header.height
  const maxBytes = MAX_DECODER_BYTES + MAX_BYTES_PER_PIXEL * Math.max(0, pixels - PIXELS_WITHIN)
  // The decoder always gets the largest idle memory, because a file may need any size up to the limit. If it grew a small
  // one instead, files that need much would leave one large memory after another to garbage collection.
  const use = { needBytes: maxBytes, maxBytes }
  const decode = (decoder: Awaited<ReturnType<Decoder>>) => {
    const picture = decoder.decode(plain)
    if (picture === null) throw new DamagedError('damaged WebP: libwebp refuses it')
    const checked = checkDecoded(picture, header)
    if (!header.alpha) makeOpaque(checked)
    return checked
  }
  return instances.run(factory, module, decode, use).finally(() => release(plain))
}

/** A lossless picture can have alpha that its header denies. */
function makeOpaque({ data }: Rgba): void {
  for (let i = 3; i < data.length; i += 4) data[i] = 255
}

/**
 * Encodes colour lossily and alpha losslessly. Returns null if libwebp refuses the picture, e.g. for a side above 16383
 * pixels.
 */
export async function encodeWebp(
  instances: Instances,
  module: WebAssembly.Module,
  { data, width, height }: Rgba,
  { quality, icc }: { readonly quality: number; readonly icc?: Uint8Array | undefined },
): Promise<Uint8Array | null> {
  const factory = createEncoder as unknown as Encoder
  const encode = (encoder: Awaited<ReturnType<Encoder>>) => encoder.encode(data, width, height, { ...CONFIG, quality })
  const needBytes = ENCODER_BYTES_PER_PIXEL * width * height
  const maxBytes = MAX_ENCODER_BASE_BYTES + MAX_BYTES_PER_PIXEL * width * height
  const file = await instances.run(factory, module, encode, { needBytes, maxBytes })
  const assembled = file && assemble(file, width, height, icc)
  if (file && assembled !== file) release(file)
  return assembled
}

/**
 * Returns the file with only its picture chunks, without alpha that its header denies. A single ANMF frame becomes a
 * still picture, because libwebp's simple decoder refuses animations.
 */
function plainWebp(bytes: Uint8Array, header: Header): Uint8Array {
  // readWebp has limited the number of chunks, also of those in the frame.
  const chunks = [...webpChunks(bytes)]
  const extended = chunks[0].type === 'VP8X' ? chunks[0] : undefined
  const frame = extended && chunks.find(({ type }) => type === 'ANMF')
  const picture = frame ? [...riffChunks(frame.data, FIRST_FRAME_CHUNK)] : chunks
  const alpha = picture.find(({ type }) => type === 'ALPH')
  const image = picture.find(({ type }) => type === 'VP8 ' || type === 'VP8L')!
  if (!extended || !alpha || !header.alpha) return riff([image.whole])
  const size = extended.data.subarray(4, 10)
  return riff([chunk('VP8X', concat([Uint8Array.of(ALPHA_FLAG, 0, 0, 0), size])), alpha.whole, image.whole])
}

const ICC_FLAG = 0x20
const ALPHA_FLAG = 0x10

/**
 * Compresses the alpha of libwebp's file and adds a profile; returns the file unchanged if there is neither alpha nor a
 * profile.
 */
function assemble(file: Uint8Array, width: number, height: number, icc: Uint8Array | undefined): Uint8Array {
  const chunks = [...webpChunks(file)]
  const alpha = chunks.find(({ type }) => type === 'ALPH')
  const image = chunks.find(({ type }) => type === 'VP8 ')!
  if (!alpha && !icc) return file
  const extended = new Uint8Array(10)
  const view = new DataView(extended.buffer)
  view.setUint8(0, (icc ? ICC_FLAG : 0) | (alpha ? ALPHA_FLAG : 0))
  view.setUint32(4, width - 1, true) // 24 bits, like the height
  view.setUint16(7, height - 1, true)
  return riff([
    chunk('VP8X', extended),
    ...(icc ? [chunk('ICCP', icc)] : []),
    ...(alpha ? [chunk('ALPH', encodeAlpha(alpha.data.subarray(1), width))] : []),
    image.whole,
  ])
}

function riff(chunks: readonly Uint8Array[]): Uint8Array {
  const bytes = chunks.reduce((sum, { length }) => sum + length, 0)
  return concat([encodeAscii('RIFF'), word(4 + bytes), encodeAscii('WEBP'), ...chunks])
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  return concat([encodeAscii(type), word(data.length), data, new Uint8Array(data.length % 2)])
}

/** Returns the 4 bytes of a number, lowest byte first. */
function word(value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value, true)
  return bytes
}
