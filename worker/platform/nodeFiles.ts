// Reads the compiled modules and the weights in Node. workersFiles.ts provides the same in Workers.
import { setFlagsFromString } from 'node:v8'
import { readArtefact, readSmallArtefact } from '#artefacts'
import type { SmallArtefactName } from '../base/artefacts.ts'
import { CODEC_FILES, type CodecModules, type CodecModuleSource } from '../codec/files.ts'
import { arithmeticOf, KERNEL_NAMES, type KernelModules } from '../engine/fused.ts'
import type { Arithmetic } from '../engine/kernel/arithmetic.ts'
import { parseManifest } from '../model/manifest.ts'
import type { BundledModels } from './platform.ts'

/** Reads and compiles all codecs. Takes about 50 ms, so call it once per process. */
export async function loadCodecModules(): Promise<CodecModules> {
  const compiling = Object.entries(compileCodecModules())
  const compiled = compiling.map(async ([name, module]) => [name, await module] as const)
  return Object.fromEntries(await Promise.all(compiled)) as unknown as CodecModules
}

/** Starts to read and compile all codecs, and returns without waiting. */
export function compileCodecModules(): CodecModuleSource {
  const compiling = Object.entries(CODEC_FILES).map(
    ([name, file]) => [name, readArtefact(`codec/${file}`).then(compileModule)] as const,
  )
  return Object.fromEntries(compiling) as unknown as CodecModuleSource
}

export interface LoadedKernels {
  readonly arithmetic: Arithmetic
  readonly modules: KernelModules
}

/**
 * Compiles the kernels in the build `wanted`. By default compiles the relaxed builds if this runtime can run them and fuses
 * multiply-add, else the plain builds.
 */
export function compileKernels(wanted?: Arithmetic): LoadedKernels {
  const canRelax = wanted !== 'plain' && hasRelaxedSimd() // sets V8's flag
  if (wanted !== undefined || !canRelax) return compileBuild(wanted ?? 'plain')
  const relaxed = compileBuild('relaxed')
  return arithmeticOf(relaxed.modules.subpixel) === 'relaxed' ? relaxed : compileBuild('plain')
}

function compileBuild(arithmetic: Arithmetic): LoadedKernels {
  const compiled = KERNEL_NAMES.map((name) => [name, compileSmall(`kernel/${name}-${arithmetic}.wasm`)] as const)
  return { arithmetic, modules: Object.fromEntries(compiled) as unknown as KernelModules }
}

const RELAXED_KERNEL = 'kernel/srcnn-relaxed.wasm'

/** Compiles the WebAssembly module of engine/vectorEnlarger.ts. */
export function compilePictureKernel(): WebAssembly.Module {
  return compileSmall('kernel/picture.wasm')
}

/** Compiles the WebAssembly module of engine/vectorShrinker.ts. */
export function compileShrinkKernel(): WebAssembly.Module {
  return compileSmall('kernel/shrink.wasm')
}

/** Returns true if relaxed SIMD runs here. In Node 20, first sets the flag that enables it. */
export function hasRelaxedSimd(): boolean {
  return runsRelaxedSimd(readSmallArtefact(RELAXED_KERNEL))
}

function runsRelaxedSimd(wasm: Uint8Array<ArrayBuffer>): boolean {
  if (WebAssembly.validate(wasm)) return true
  // V8 writes a line to stderr for a flag that it does not know, so the flag is set in Node 20 only.
  if (!process.versions.v8.startsWith(V8_OF_NODE_20)) return false
  setFlagsFromString('--experimental-wasm-relaxed-simd')
  return WebAssembly.validate(wasm)
}

const V8_OF_NODE_20 = '11.3.'

/** Returns the bundled weights. Each is read when it is needed. */
export function bundledModels(): BundledModels {
  const manifest = readSmallArtefact('models/manifest.json')
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

/** Calls the constructor of WebAssembly.Module, which the types leave out, too. */
function compileSmall(name: SmallArtefactName): WebAssembly.Module {
  const { Module } = WebAssembly as unknown as { Module: new (wasm: Uint8Array) => WebAssembly.Module }
  return new Module(readSmallArtefact(name))
}
