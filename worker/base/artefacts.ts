// Names of build artefacts: compiled modules and weights, which are stored beside the script. The module `#artefacts`
// reads them. package.json (`imports`) resolves this name to build/artefacts.ts in this repository, and to
// package/artefacts.ts in the npm package.

/** Path of an artefact, relative to dist/. Paths that begin with `models/` are relative to the repository. */
export type ArtefactName =
  `codec/${string}.wasm` | `kernel/${string}.wasm` | 'models/manifest.json' | `models/${string}.onnx`

/** Reads an artefact. Rejects if the file does not exist. */
export type ReadArtefact = (name: ArtefactName) => Promise<Uint8Array<ArrayBuffer>>
