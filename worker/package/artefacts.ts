// The package's version of `#artefacts`. It reads artefacts from the folder of the scripts, where package/build.ts puts
// them.
import { readFile } from 'node:fs/promises'
import type { ReadArtefact } from '../base/artefacts.ts'
import { shippedName } from './shippedName.ts'

export const readArtefact: ReadArtefact = async (name) =>
  new Uint8Array(await readFile(new URL(shippedName(name), import.meta.url)))
