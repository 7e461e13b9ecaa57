// `#artefacts` in the package: package/build.ts puts all artefacts beside the scripts.
import { readFile } from 'node:fs/promises'
import type { ReadArtefact } from '../base/artefacts.ts'
import { shippedName } from './shippedName.ts'

export const readArtefact: ReadArtefact = async (name) =>
  new Uint8Array(await readFile(new URL(shippedName(name), import.meta.url)))
