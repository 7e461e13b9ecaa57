// The browser as a platform. It runs the worker's codecs, kernels and weights, which build/playground.ts puts beside
// the page. Each file is fetched when a picture first needs it.
import { createCodec } from '../codec/codec.ts'
import { CODEC_FILES, type CodecModuleSource } from '../codec/files.ts'
import { arithmeticOf, createFusedEngine, type KernelModules } from '../engine/fused.ts'
import { createVectorEnlarger } from '../engine/vectorEnlarger.ts'
import { createVectorShrinker } from '../engine/vectorShrinker.ts'
import { parseManifest } from '../model/manifest.ts'
import { PROCESS_LIMITS } from '../platform/limits.ts'
import type { BundledModels } from '../platform/platform.ts'
import { pause } from '../base/pause.ts'
import type { Platform } from '../platform/platform.ts'

/** Loads the platform. `onTurn` is called at each pause while a network runs. Rejects if a file cannot be fetched. */
export async function loadBrowserPlatform(onTurn: () => void): Promise<Platform> {
  const [srcnn, subpixel, picture, shrink, manifest] = await Promise.all([
    loadKernel('srcnn'),
    loadKernel('subpixel'),
    compile('kernel/picture.wasm'),
    compile('kernel/shrink.wasm'),
    read('models/manifest.json'),
  ])
  const modules: KernelModules = { srcnn, subpixel }
  const fused = createFusedEngine(modules, {
    name: `fused-${arithmeticOf(subpixel)}`,
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
    codec: createCodec(lazyModules()),
    engines: fused.name,
    engineFor: () => fused,
    enlarger: createVectorEnlarger(picture),
    shrinker: createVectorShrinker(shrink),
    bundled,
    limits: PROCESS_LIMITS,
    copiesBodies: true,
  }
}

/**
 * Loads the relaxed build of a kernel, as the worker does, or the plain build if this browser has no relaxed SIMD
 * (Safari).
 */
async function loadKernel(name: keyof KernelModules): Promise<WebAssembly.Module> {
  const relaxed = await read(`kernel/${name}-relaxed.wasm`)
  return WebAssembly.validate(relaxed) ? WebAssembly.compile(relaxed) : compile(`kernel/${name}-plain.wasm`)
}

/** Returns the codec's modules. Each is fetched when it is first needed, and again if that fails. */
function lazyModules(): CodecModuleSource {
  const compiled: Partial<Record<string, WebAssembly.Module>> = {}
  const modules = {} as CodecModuleSource
  for (const [name, file] of Object.entries(CODEC_FILES)) {
    const get = async () => (compiled[name] ??= await compile(`codec/${file}`))
    Object.defineProperty(modules, name, { get })
  }
  return modules
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
