// In the repository: compiled from source when that has changed, else as they lie in dist/.
import { readFile } from 'node:fs/promises'
import { CODEC_FILES } from '../codec/files.ts'
import { makeCodec } from './codecs.ts'
import { KERNEL_NAMES } from '../engine/fused.ts'
import { buildKernel, buildPictureKernel } from './kernels.ts'
import { ARITHMETICS } from '../engine/kernel/source.ts'
import type { ArtefactName, ReadArtefact } from '../base/artefacts.ts'

type Make = () => Promise<Uint8Array<ArrayBuffer>>

const ROOT = new URL('../../', import.meta.url)
const codecs = Object.values(CODEC_FILES).map((file): [ArtefactName, Make] => [`codec/${file}`, () => makeCodec(file)])
const kernels = KERNEL_NAMES.flatMap((name) =>
  ARITHMETICS.map((kind): [ArtefactName, Make] => [`kernel/${name}-${kind}.wasm`, () => buildKernel(name, kind)]),
)
const makers = new Map([...codecs, ...kernels, ['kernel/picture.wasm', buildPictureKernel] as const])

/** The modules; weights are not made, but trained. */
export const MODULES: readonly ArtefactName[] = [...makers.keys()]

export const readArtefact: ReadArtefact = async (name) => {
  const make = makers.get(name)
  return make ? make() : new Uint8Array(await readFile(new URL(name, ROOT)))
}
