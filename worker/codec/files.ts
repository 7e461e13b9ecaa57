// The files of the codecs' modules, by their names in dist/codec.
import type { CodecModules } from './codec.ts'

export const CODEC_FILES = {
  photon: 'photon.wasm',
  jpegDecoder: 'mozjpeg_dec.wasm',
  jpegEncoder: 'mozjpeg_enc.wasm',
  jpegSymbols: 'jpeg_symbols.wasm',
  webpDecoder: 'webp_dec.wasm',
  webpEncoder: 'webp_enc_simd.wasm',
} as const satisfies Record<keyof CodecModules, string>

export type CodecFile = (typeof CODEC_FILES)[keyof CodecModules]
