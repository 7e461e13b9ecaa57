// Reads the compiled modules and the weights in Node, from files. workersFiles.ts provides the same in Workers.
import { setFlagsFromString } from 'node:v8'
import { readArtefact } from '#artefacts'
import { CODEC_FILES, type CodecModules } from '../codec/files.ts'
import { KERNEL_NAMES, type KernelModules } from '../engine/fused.ts'
import type { Arithmetic } from '../engine/kernel/arithmetic.ts'
import { parseManifest } from '../model/manifest.ts'
import type { BundledModels } from './platform.ts'

/** Reads and compiles all codecs. Takes about 50 ms, so call it once per process. */
export async function loadCodecModules(): Promise<CodecModules> {
  const compiled = Object.entries(CODEC_FILES).map(
    async ([name, file]) => [name, await compileModule(await readArtefact(`codec/${file}`))] as const,
  )
  return Object.fromEntries(await Promise.all(compiled)) as unknown as CodecModules
}

export interface LoadedKernels {
  readonly arithmetic: Arithmetic
  readonly modules: KernelModules
}

/**
 * Loads the kernels in the build `wanted`. By default loads the relaxed builds if this Node can run them, else the
 * plain builds.
 */
export async function loadKernels(wanted?: Arithmetic): Promise<LoadedKernels> {
  const arithmetic = wanted ?? ((await hasRelaxedSimd()) ? 'relaxed' : 'plain')
  if (arithmetic === 'relaxed') await hasRelaxedSimd() // sets V8's flag
  const compiled = KERNEL_NAMES.map(
    async (name) => [name, await compileModule(await readArtefact(`kernel/${name}-${arithmetic}.wasm`))] as const,
  )
  return { arithmetic, modules: Object.fromEntries(await Promise.all(compiled)) as unknown as KernelModules }
}

/** Loads the WebAssembly module of engine/vectorEnlarger.ts. */
export async function loadPictureKernel(): Promise<WebAssembly.Module> {
  return compileModule(await readArtefact('kernel/picture.wasm'))
}

/** Loads the WebAssembly module of engine/vectorShrinker.ts. */
export async function loadShrinkKernel(): Promise<WebAssembly.Module> {
  return compileModule(await readArtefact('kernel/shrink.wasm'))
}

/** Returns true if relaxed SIMD runs here. In Node 20, first sets the flag that enables it. */
export async function hasRelaxedSimd(): Promise<boolean> {
  const wasm = await readArtefact('kernel/srcnn-relaxed.wasm')
  if (WebAssembly.validate(wasm)) return true
  // V8 writes a line to stderr for a flag that it does not know, so the flag is set in Node 20 only.
  if (!process.versions.v8.startsWith(V8_OF_NODE_20)) return false
  setFlagsFromString('--experimental-wasm-relaxed-simd')
  return WebAssembly.validate(wasm)
}

const V8_OF_NODE_20 = '11.3.'

export async function loadModels(): Promise<BundledModels> {
  const manifest = await readArtefact('models/manifest.json')
  return {
    manifest: parseManifest(new TextDecoder().decode(manifest)),
    read: async (file) => (await readArtefact(`models/${file as `${string}.onnx`}`)).buffer,
  }
}

/** Calls WebAssembly.compile. Node has it, but @cloudflare/workers-types leaves it out, because workerd forbids it. */
function compileModule(wasm: Uint8Array<ArrayBuffer>): Promise<WebAssembly.Module> {
  const { compile } = WebAssembly as unknown as { compile(wasm: Uint8Array): Promise<WebAssembly.Module> }
  return compile(wasm)
}
