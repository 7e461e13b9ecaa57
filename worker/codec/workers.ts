// oxlint-disable-next-line typescript/triple-slash-reference -- for programs that include this folder only
/// <reference path="../wasm.d.ts" />
// The codecs' modules in Cloudflare Workers, where WebAssembly is compiled at deploy time only.

import photon from '@cf-wasm/photon/photon.wasm'
import jpegDecoder from '@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm'
import jpegEncoder from '@jsquash/jpeg/codec/enc/mozjpeg_enc.wasm'
import webpDecoder from '@jsquash/webp/codec/dec/webp_dec.wasm'
import webpEncoder from '@jsquash/webp/codec/enc/webp_enc_simd.wasm'
import type { CodecModules } from './codec.ts'

export const codecModules: CodecModules = {
  photon,
  jpegDecoder,
  jpegEncoder,
  webpDecoder,
  webpEncoder,
}
