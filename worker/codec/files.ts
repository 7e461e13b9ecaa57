// The WebAssembly modules that a codec runs, and their file names in dist/codec.

/** The compiled modules. Every decode and every encode creates new instances of the modules it needs (instance.ts). */
export interface CodecModules {
  readonly photon: WebAssembly.Module
  readonly jpegDecoder: WebAssembly.Module
  readonly jpegEncoder: WebAssembly.Module
  /** This project's own module, built from jpeg/symbols.as.ts. */
  readonly jpegSymbols: WebAssembly.Module
  readonly webpDecoder: WebAssembly.Module
  readonly webpEncoder: WebAssembly.Module
}

export const CODEC_FILES = {
  photon: 'photon.wasm',
  jpegDecoder: 'mozjpeg_dec.wasm',
  jpegEncoder: 'mozjpeg_enc.wasm',
  jpegSymbols: 'jpeg_symbols.wasm',
  webpDecoder: 'webp_dec.wasm',
  webpEncoder: 'webp_enc_simd.wasm',
} as const satisfies Record<keyof CodecModules, string>

export type CodecFile = (typeof CODEC_FILES)[keyof CodecModules]
