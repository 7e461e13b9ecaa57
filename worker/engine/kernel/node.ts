// The kernels in Node: compiled from their source when that has changed, else as they lie in dist/.
import { setFlagsFromString } from 'node:v8'
import { buildKernel, buildPictureKernel } from './compile.ts'
import type { Arithmetic } from './source.ts'

export interface KernelModule {
  readonly arithmetic: Arithmetic
  readonly module: WebAssembly.Module
}

/** The relaxed build where this Node can run it, else the plain one; or the one that is asked for. */
export async function loadKernel(wanted?: Arithmetic): Promise<KernelModule> {
  const arithmetic = wanted ?? ((await hasRelaxedSimd()) ? 'relaxed' : 'plain')
  if (arithmetic === 'relaxed') await hasRelaxedSimd() // sets the flag
  return { arithmetic, module: await WebAssembly.compile(await buildKernel(arithmetic)) }
}

/** For vectorEnlarger.ts. */
export async function loadPictureKernel(): Promise<WebAssembly.Module> {
  return WebAssembly.compile(await buildPictureKernel())
}

/** Whether relaxed SIMD runs here. Node 20 has it behind a flag, which is set. */
export async function hasRelaxedSimd(): Promise<boolean> {
  const wasm = await buildKernel('relaxed')
  if (WebAssembly.validate(wasm)) return true
  // A flag that V8 does not know is a line on stderr, so only where it is known to be.
  if (!process.versions.v8.startsWith(V8_OF_NODE_20)) return false
  setFlagsFromString('--experimental-wasm-relaxed-simd')
  return WebAssembly.validate(wasm)
}

const V8_OF_NODE_20 = '11.3.'
