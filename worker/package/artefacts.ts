// The package's version of `#artefacts`. All artefacts are in scripts (embedded.ts), so nothing is read from files: a
// bundler or packer takes all that it needs along, whether it makes one file of it or many.
import { promisify } from 'node:util'
import { brotliDecompress, brotliDecompressSync } from 'node:zlib'
import { files, kernels } from 'embedded-artefacts'
import manifest from '../../dist/manifest.json'
import type { ReadArtefact, ReadSmallArtefact } from '../base/artefacts.ts'

const decompress = promisify(brotliDecompress)

export const readArtefact: ReadArtefact = async (name) => {
  const load = files[name]
  if (!load) return readSmallArtefact(name as Parameters<ReadSmallArtefact>[0])
  const bytes = Buffer.from((await load()).default, 'base64')
  return copyOf(name.endsWith('.wasm') ? await decompress(bytes) : bytes)
}

export const readSmallArtefact: ReadSmallArtefact = (name) => {
  if (name === 'models/manifest.json') return copyOf(Buffer.from(JSON.stringify(manifest)))
  const text = kernels[name]
  if (text === undefined) throw new Error(`${name} is not in the package`)
  return copyOf(brotliDecompressSync(Buffer.from(text, 'base64')))
}

/** Returns the bytes in an array of their own, because a Buffer may share its array with others. */
function copyOf(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(bytes.length)
  copy.set(bytes)
  return copy
}
