// In the package: everything lies beside the script, as package/build.ts laid it there.
import { readFile } from 'node:fs/promises'
import type { ReadArtefact } from '../base/artefacts.ts'
import { shippedName } from './shippedName.ts'

export const readArtefact: ReadArtefact = async (name) =>
  new Uint8Array(await readFile(new URL(shippedName(name), import.meta.url)))
