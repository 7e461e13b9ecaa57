// Names of build artefacts: compiled modules and weights, which are stored beside the script. The import `#artefacts`
// reads them. It stands for build/artefacts.ts in this repository and for package/artefacts.ts in the npm package
// (package.json, `imports`).

/** Path of an artefact, relative to dist/. Paths that begin with `models/` are relative to the repository. */
export type ArtefactName =
  `codec/${string}.wasm` | `kernel/${string}.wasm` | 'models/manifest.json' | `models/${string}.onnx`

/** Reads an artefact. Rejects if the file does not exist. */
export type ReadArtefact = (name: ArtefactName) => Promise<Uint8Array<ArrayBuffer>>
