// The Workers runtime: codecs, engine and weights as this runtime has them, and the middleware
// bound to them. Static imports only: workerd compiles no WASM at run time.
import manifest from '../models/manifest.json'
import x2 from '../models/srcnn-x2.onnx'
import x3 from '../models/srcnn-x3.onnx'
import x4 from '../models/srcnn-x4.onnx'
import { createCodec } from './codec/codec.ts'
import { codecModules } from './codec/workers.ts'
import { createWorkerdOrtEngine } from './engine/ort-workerd.ts'
import { createSuperResolution, type Platform } from './middleware.ts'
import { parseManifest } from './model/manifest.ts'

export const platform: Platform = {
  codec: createCodec(codecModules),
  engine: createWorkerdOrtEngine(),
  bundled: {
    manifest: parseManifest(JSON.stringify(manifest)),
    files: new Map([
      ['srcnn-x2.onnx', x2],
      ['srcnn-x3.onnx', x3],
      ['srcnn-x4.onnx', x4],
    ]),
  },
}

/** See middleware.ts; `options` are described in options.ts. */
export const superResolution = createSuperResolution(platform)
