// Names of build artefacts: compiled modules and weights. In Node the module `#artefacts` reads them. package.json
// (`imports`) resolves this name to build/artefacts.ts in this repository, and to package/artefacts.ts in the npm
// package.

/** Path of an artefact, relative to dist/. Paths that begin with `models/` are relative to the repository. */
export type ArtefactName =
  `codec/${string}.wasm` | `kernel/${string}.wasm` | 'models/manifest.json' | `models/${string}.onnx`

/** Reads an artefact. Rejects if it does not exist. */
export type ReadArtefact = (name: ArtefactName) => Promise<Uint8Array<ArrayBuffer>>

/** The small artefacts, which an import can read without waiting. */
export type SmallArtefactName = `kernel/${string}.wasm` | 'models/manifest.json'

/** Reads a small artefact. Throws if it does not exist. */
export type ReadSmallArtefact = (name: SmallArtefactName) => Uint8Array<ArrayBuffer>
