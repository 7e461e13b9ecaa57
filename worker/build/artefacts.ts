// Implements the import `#artefacts` (see package.json) for code that runs in the repository: builds WebAssembly
// modules whose sources have changed, and reads weights from models/.
import { readFile } from 'node:fs/promises'
import type { ArtefactName, ReadArtefact, ReadSmallArtefact } from '../base/artefacts.ts'
import { CODEC_FILES } from '../codec/files.ts'
import { KERNEL_NAMES } from '../engine/fused.ts'
import { ARITHMETICS } from '../engine/kernel/arithmetic.ts'
import { buildCodec } from './codecs.ts'
import { buildKernel, buildPixelKernel, PIXEL_KERNELS } from './kernels.ts'

type Build = () => Promise<Uint8Array<ArrayBuffer>>

const ROOT = new URL('../../', import.meta.url)
const codecs = Object.values(CODEC_FILES).map((file): [ArtefactName, Build] => [
  `codec/${file}`,
  () => buildCodec(file),
])
const kernels = KERNEL_NAMES.flatMap((name) =>
  ARITHMETICS.map((kind): [ArtefactName, Build] => [`kernel/${name}-${kind}.wasm`, () => buildKernel(name, kind)]),
)
const pixelKernels = PIXEL_KERNELS.map((name): [ArtefactName, Build] => [
  `kernel/${name}.wasm`,
  () => buildPixelKernel(name),
])
const builds = new Map([...codecs, ...kernels, ...pixelKernels])

/** Names of the WebAssembly modules. All other artefacts are trained weights, which are not built. */
export const MODULE_NAMES: readonly ArtefactName[] = [...builds.keys()]

export const readArtefact: ReadArtefact = async (name) => {
  const build = builds.get(name)
  return build ? build() : new Uint8Array(await readFile(new URL(name, ROOT)))
}

// They are built before any importer runs, because readSmallArtefact cannot wait for a build.
const small = new Map<string, Uint8Array<ArrayBuffer>>()
for (const name of [...MODULE_NAMES, 'models/manifest.json' as const]) {
  if (!name.startsWith('codec/')) small.set(name, await readArtefact(name))
}

export const readSmallArtefact: ReadSmallArtefact = (name) => {
  const artefact = small.get(name)
  if (!artefact) throw new Error(`there is no ${name}`)
  return artefact
}
