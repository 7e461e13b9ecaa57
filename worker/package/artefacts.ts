// The package's version of `#artefacts`. All artefacts are in scripts (embedded.ts), so nothing is read from files: a
// bundler or packer takes all that it needs along, whether it makes one file of it or many.
import { promisify } from 'node:util'
import { brotliDecompress, brotliDecompressSync } from 'node:zlib'
import { files, kernels } from 'embedded-artefacts'
import manifest from '../../dist/manifest.json'
import type { ReadArtefact, ReadSmallArtefact } from '../base/artefacts.ts'

const decompress = promisify(brotliDecompress)

// Bytes are copied into arrays of their own, because a Buffer may share its array with others.

export const readArtefact: ReadArtefact = async (name) => {
  const load = files[name]
  if (!load) return readSmallArtefact(name as Parameters<ReadSmallArtefact>[0])
  const bytes = Buffer.from((await load()).default, 'base64')
  return new Uint8Array(name.endsWith('.wasm') ? await decompress(bytes) : bytes)
}

export const readSmallArtefact: ReadSmallArtefact = (name) => {
  if (name === 'models/manifest.json') return new Uint8Array(Buffer.from(JSON.stringify(manifest)))
  const text = kernels[name]
  if (text === undefined) throw new Error(`${name} is not in the package`)
  return new Uint8Array(brotliDecompressSync(Buffer.from(text, 'base64')))
}
