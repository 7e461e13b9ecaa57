// The browser as a platform. It runs the worker's codecs, kernels and weights, which build/playground.ts puts beside
// the page. Each file is fetched when a picture first needs it.
import { createCodec } from '../codec/codec.ts'
import type { Codec, EncodeFormat } from '../codec/contract.ts'
import { CODEC_FILES, type CodecModules } from '../codec/files.ts'
import type { ImageType } from '../codec/header.ts'
import { createFusedEngine, type KernelModules } from '../engine/fused.ts'
import { createVectorEnlarger } from '../engine/vectorEnlarger.ts'
import { parseManifest } from '../model/manifest.ts'
import type { BundledModels } from '../platform/platform.ts'
import { pause } from '../base/pause.ts'
import type { Platform } from '../platform/platform.ts'

/** The module that decodes each type. photon decodes the types that are not listed. */
const DECODERS: Partial<Record<ImageType, keyof CodecModules>> = {
  jpeg: 'jpegDecoder',
  webp: 'webpDecoder',
}
const ENCODERS: Readonly<Record<EncodeFormat, readonly (keyof CodecModules)[]>> = {
  jpeg: ['jpegEncoder'],
  png: ['pngEncoder'],
  webp: ['webpEncoder'],
}

/** Loads the platform. `onTurn` is called at each pause while a network runs. Rejects if a file cannot be fetched. */
export async function loadBrowserPlatform(onTurn: () => void): Promise<Platform> {
  const [srcnn, subpixel, picture, manifest] = await Promise.all([
    loadKernel('srcnn'),
    loadKernel('subpixel'),
    compile('kernel/picture.wasm'),
    read('models/manifest.json'),
  ])
  const modules: KernelModules = { srcnn: srcnn.module, subpixel: subpixel.module }
  const fused = createFusedEngine(modules, {
    name: `fused-${srcnn.arithmetic}`,
    pause() {
      onTurn()
      return pause()
    },
  })
  const bundled: BundledModels = {
    manifest: parseManifest(new TextDecoder().decode(manifest)),
    read: (file) => read(`models/${file}`),
  }
  return {
    codec: createLazyCodec(),
    engines: fused.name,
    engineFor: () => fused,
    enlarger: createVectorEnlarger(picture),
    bundled,
  }
}

/**
 * Loads the relaxed build of a kernel, as the worker does, or the plain build if this browser has no relaxed SIMD
 * (Safari).
 */
async function loadKernel(name: keyof KernelModules) {
  const relaxed = await read(`kernel/${name}-relaxed.wasm`)
  if (WebAssembly.validate(relaxed)) {
    return { arithmetic: 'relaxed', module: await WebAssembly.compile(relaxed) }
  }
  return { arithmetic: 'plain', module: await compile(`kernel/${name}-plain.wasm`) }
}

/** Creates a codec that fetches each module when it is first needed. */
function createLazyCodec(): Codec {
  const modules: Partial<Record<keyof CodecModules, WebAssembly.Module>> = {}
  const need = async (names: readonly (keyof CodecModules)[]) => {
    await Promise.all(names.map(async (name) => (modules[name] ??= await compile(`codec/${CODEC_FILES[name]}`))))
  }
  const codec = createCodec(modules as CodecModules)
  return {
    async decode(bytes, header) {
      await need([DECODERS[header.type] ?? 'photon'])
      return codec.decode(bytes, header)
    },
    async decodeRows(bytes, header, divisor, take) {
      await need([DECODERS[header.type] ?? 'photon'])
      return codec.decodeRows(bytes, header, divisor, take)
    },
    async encode(picture, as) {
      await need(ENCODERS[as.format])
      return codec.encode(picture, as)
    },
  }
}

async function compile(path: string): Promise<WebAssembly.Module> {
  return WebAssembly.compileStreaming(found(path))
}

async function read(path: string): Promise<ArrayBuffer> {
  return (await found(path)).arrayBuffer()
}

async function found(path: string): Promise<Response> {
  const response = await fetch(path)
  if (!response.ok) throw new Error(`${path} cannot be fetched: ${response.status}`)
  return response
}
