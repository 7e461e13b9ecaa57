// The kernels in Node.
import { setFlagsFromString } from 'node:v8'
import { readArtefact } from '#artefacts'
import { compileModule } from './compileModule.ts'
import { KERNEL_NAMES, type KernelModules } from '../engine/fused.ts'
import type { Arithmetic } from '../engine/kernel/arithmetic.ts'

export interface LoadedKernels {
  readonly arithmetic: Arithmetic
  readonly modules: KernelModules
}

/** The relaxed builds where this Node can run them, else the plain ones; or those that are asked for. */
export async function loadKernels(wanted?: Arithmetic): Promise<LoadedKernels> {
  const arithmetic = wanted ?? ((await hasRelaxedSimd()) ? 'relaxed' : 'plain')
  if (arithmetic === 'relaxed') await hasRelaxedSimd() // sets the flag
  const compiled = KERNEL_NAMES.map(
    async (name) => [name, await compileModule(await readArtefact(`kernel/${name}-${arithmetic}.wasm`))] as const,
  )
  return { arithmetic, modules: Object.fromEntries(await Promise.all(compiled)) as unknown as KernelModules }
}

/** For vectorEnlarger.ts. */
export async function loadPictureKernel(): Promise<WebAssembly.Module> {
  return compileModule(await readArtefact('kernel/picture.wasm'))
}

/** Whether relaxed SIMD runs here. Node 20 has it behind a flag, which is set. */
export async function hasRelaxedSimd(): Promise<boolean> {
  const wasm = await readArtefact('kernel/srcnn-relaxed.wasm')
  if (WebAssembly.validate(wasm)) return true
  // A flag that V8 does not know is a line on stderr, so only where it is known to be.
  if (!process.versions.v8.startsWith(V8_OF_NODE_20)) return false
  setFlagsFromString('--experimental-wasm-relaxed-simd')
  return WebAssembly.validate(wasm)
}

const V8_OF_NODE_20 = '11.3.'
