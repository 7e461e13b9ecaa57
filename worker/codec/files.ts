// The WebAssembly modules that a codec runs, and their file names in dist/codec.

/** The compiled modules. Every decode and every encode creates new instances of the modules it needs (instance.ts). */
export interface CodecModules {
  readonly photon: WebAssembly.Module
  /** This project's own modules, built from the files *.as.ts in jpeg/ and png/. */
  readonly jpegDecoder: WebAssembly.Module
  readonly jpegEncoder: WebAssembly.Module
  readonly pngDecoder: WebAssembly.Module
  readonly pngEncoder: WebAssembly.Module
  readonly webpDecoder: WebAssembly.Module
  readonly webpEncoder: WebAssembly.Module
}

/** The modules, some of which may still have to be compiled. */
export type CodecModuleSource = {
  readonly [name in keyof CodecModules]: WebAssembly.Module | Promise<WebAssembly.Module>
}

export const CODEC_FILES = {
  photon: 'photon.wasm',
  jpegDecoder: 'jpeg_decoder.wasm',
  jpegEncoder: 'jpeg_encoder.wasm',
  pngDecoder: 'png_decoder.wasm',
  pngEncoder: 'png_encoder.wasm',
  webpDecoder: 'webp_dec.wasm',
  webpEncoder: 'webp_enc_simd.wasm',
} as const satisfies Record<keyof CodecModules, string>

export type CodecFile = (typeof CODEC_FILES)[keyof CodecModules]
