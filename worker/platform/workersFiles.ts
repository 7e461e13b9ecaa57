// oxlint-disable-next-line typescript/triple-slash-reference -- for programs that include this folder only
/// <reference path="../wasm.d.ts" />
// The files in the Worker's script: compiled modules, and the weights that most requests use. All imports are static,
// because workerd compiles WebAssembly at deploy time and never at run time. `npm run build` writes dist/.
import jpegDecoder from '../../dist/codec/jpeg_decoder.wasm'
import jpegEncoder from '../../dist/codec/jpeg_encoder.wasm'
import photon from '../../dist/codec/photon.wasm'
import pngDecoder from '../../dist/codec/png_decoder.wasm'
import pngEncoder from '../../dist/codec/png_encoder.wasm'
import webpDecoder from '../../dist/codec/webp_dec.wasm'
import webpEncoder from '../../dist/codec/webp_enc_simd.wasm'
import picture from '../../dist/kernel/picture.wasm'
import shrink from '../../dist/kernel/shrink.wasm'
import srcnn from '../../dist/kernel/srcnn-relaxed.wasm'
import subpixel from '../../dist/kernel/subpixel-relaxed.wasm'
import builtManifest from '../../dist/manifest.json'
import fastJpegX2 from '../../models/fast-jpeg-x2.onnx'
import fastJpegX3 from '../../models/fast-jpeg-x3.onnx'
import fastJpegX4 from '../../models/fast-jpeg-x4.onnx'
import fastX2 from '../../models/fast-x2.onnx'
import fastX3 from '../../models/fast-x3.onnx'
import fastX4 from '../../models/fast-x4.onnx'
import srcnnJpegX2 from '../../models/srcnn-jpeg-x2.onnx'
import srcnnJpegX3 from '../../models/srcnn-jpeg-x3.onnx'
import srcnnJpegX4 from '../../models/srcnn-jpeg-x4.onnx'
import srcnnX2 from '../../models/srcnn-x2.onnx'
import srcnnX3 from '../../models/srcnn-x3.onnx'
import srcnnX4 from '../../models/srcnn-x4.onnx'
import type { CodecModules } from '../codec/files.ts'
import type { KernelModules } from '../engine/fused.ts'
import { bytesOfBase64 } from '../base/base64.ts'
import { parseManifest } from '../model/manifest.ts'
import type { BundledModels } from './platform.ts'

export const codecModules: CodecModules = {
  photon,
  jpegDecoder,
  jpegEncoder,
  pngDecoder,
  pngEncoder,
  webpDecoder,
  webpEncoder,
}

/** The builds with relaxed SIMD, which all of Cloudflare's machines run. */
export const kernelModules: KernelModules = { srcnn, subpixel }
/** The WebAssembly module of engine/vectorEnlarger.ts. */
export const pictureModule: WebAssembly.Module = picture
/** The WebAssembly module of engine/vectorShrinker.ts. */
export const shrinkModule: WebAssembly.Module = shrink

const manifest = parseManifest(JSON.stringify(builtManifest))
/**
 * The weights in the script, by their file names in models/manifest.json. In the npm package they are base64
 * (package/embedded.ts).
 */
const scriptFiles = new Map<string, ArrayBuffer | string>([
  ['srcnn-x2.onnx', srcnnX2],
  ['srcnn-x3.onnx', srcnnX3],
  ['srcnn-x4.onnx', srcnnX4],
  ['srcnn-jpeg-x2.onnx', srcnnJpegX2],
  ['srcnn-jpeg-x3.onnx', srcnnJpegX3],
  ['srcnn-jpeg-x4.onnx', srcnnJpegX4],
  ['fast-x2.onnx', fastX2],
  ['fast-x3.onnx', fastX3],
  ['fast-x4.onnx', fastX4],
  ['fast-jpeg-x2.onnx', fastJpegX2],
  ['fast-jpeg-x3.onnx', fastJpegX3],
  ['fast-jpeg-x4.onnx', fastJpegX4],
])

/** Only the weights in the script. If the middleware runs in another app, it has no other bundled weights. */
export const scriptModels: BundledModels = {
  manifest: { ...manifest, models: manifest.models.filter(({ file }) => scriptFiles.has(file)) },
  read: (file) => Promise.resolve(readScriptFile(file)),
}

function readScriptFile(file: string): ArrayBuffer | undefined {
  const weights = scriptFiles.get(file)
  return typeof weights === 'string' ? bytesOfBase64(weights).buffer : weights
}

/**
 * All weights that are deployed. Those outside the script are static assets (build/assets.ts), which add nothing to the
 * script's size or start-up time. Each of them is read once per isolate.
 */
export function withAssets(assets: { fetch(url: string): Promise<Response> }): BundledModels {
  return {
    manifest,
    async read(file) {
      const inScript = readScriptFile(file)
      if (inScript) return inScript
      const response = await assets.fetch(`https://assets/models/${file}`)
      return response.ok ? response.arrayBuffer() : undefined
    },
  }
}
