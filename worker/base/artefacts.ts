// What runs beside the script and is made, not written: modules and weights, by their names. Two ways to have
// them, of which the import `#artefacts` is one (package.json): build/artefacts.ts here, package/artefacts.ts in the package.
import type { CodecFile } from '../codec/files.ts'
import type { KernelModules } from '../engine/fused.ts'
import type { Arithmetic } from '../engine/kernel/arithmetic.ts'

export type ArtefactName = `codec/${CodecFile}` | KernelFile | 'models/manifest.json' | ModelFile
export type KernelFile = `kernel/${keyof KernelModules}-${Arithmetic}.wasm` | 'kernel/picture.wasm'
export type ModelFile = `models/${string}.onnx`

/** Rejects where there is no such file. */
export type ReadArtefact = (name: ArtefactName) => Promise<Uint8Array<ArrayBuffer>>
