// oxlint-disable-next-line typescript/triple-slash-reference -- for programs that include this folder only
/// <reference path="../wasm.d.ts" />
// The codecs' modules in Cloudflare Workers, where WebAssembly is compiled at deploy time only.
// Those in dist/ are the packages' own with less memory at the start, and without what is not used of
// photon; and ours. build.ts writes them.

import photon from '../../dist/codec/photon.wasm'
import jpegDecoder from '../../dist/codec/mozjpeg_dec.wasm'
import jpegEncoder from '../../dist/codec/mozjpeg_enc.wasm'
import jpegSymbols from '../../dist/codec/jpeg_symbols.wasm'
import webpDecoder from '../../dist/codec/webp_dec.wasm'
import webpEncoder from '../../dist/codec/webp_enc_simd.wasm'
import type { CodecModules } from '../codec/files.ts'

export const codecModules: CodecModules = {
  photon,
  jpegDecoder,
  jpegEncoder,
  jpegSymbols,
  webpDecoder,
  webpEncoder,
}
