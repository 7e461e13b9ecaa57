// Build artefacts by name: compiled modules and weights, which lie beside the script. The import `#artefacts` is
// build/artefacts.ts in this repository and package/artefacts.ts in the npm package (package.json, `imports`).

/** A path below dist/, or below the repository for models/. */
export type ArtefactName =
  `codec/${string}.wasm` | `kernel/${string}.wasm` | 'models/manifest.json' | `models/${string}.onnx`

/** Rejects if there is no such file. */
export type ReadArtefact = (name: ArtefactName) => Promise<Uint8Array<ArrayBuffer>>
