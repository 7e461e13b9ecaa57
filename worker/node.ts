// The Node runtime: codecs, kernels and weights as workers.ts has them, read from files.
import { readFile } from 'node:fs/promises'
import { createCodec } from './codec/codec.ts'
import { loadCodecModules } from './codec/node.ts'
import { createFusedEngine } from './engine/fused.ts'
import { loadKernels, loadPictureKernel } from './engine/kernel/node.ts'
import { createVectorEnlarger } from './engine/vectorEnlarger.ts'
import { parseManifest } from './model/manifest.ts'
import type { BundledModels } from './models.ts'
import type { Platform } from './platform.ts'

const MODELS = new URL('../models/', import.meta.url)

/** Some 50 ms, so once a process is enough. Where Node has no relaxed SIMD the kernels' plain builds run. */
export async function loadPlatform(): Promise<Platform> {
  const [modules, kernels, picture, bundled] = await Promise.all([
    loadCodecModules(),
    loadKernels(),
    loadPictureKernel(),
    loadModels(),
  ])
  const fused = createFusedEngine(kernels.modules, { name: `fused-${kernels.arithmetic}` })
  return {
    codec: createCodec(modules),
    engines: fused.name,
    engineFor: () => fused,
    enlarger: createVectorEnlarger(picture),
    bundled,
  }
}

async function loadModels(): Promise<BundledModels> {
  return {
    manifest: parseManifest(await readFile(new URL('manifest.json', MODELS), 'utf8')),
    async read(file) {
      const bytes = await readFile(new URL(file, MODELS))
      return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)
    },
  }
}
