import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { exportModel } from '../../trainer/export.ts'
import type { Validation } from '../../worker/model/manifest.ts'
import { createNetwork, describeNetwork, encodeNetwork } from '../../worker/model/network.ts'

/** A network that adds `lift` to the luma: its work can be seen in one pixel. */
export function liftingBytes(lift: number): Uint8Array {
  const network = createNetwork({ kernels: [1], widths: [], residual: true })
  network.layers[0].bias[0] = lift
  return encodeNetwork(network)
}

export interface Model {
  readonly name?: string
  readonly scale?: number
  readonly lift: number
  /** On the validation pictures, where bicubic has 30 dB. */
  readonly psnr?: number
  readonly validation?: Partial<Validation>
}

/** A folder as a training run leaves it. */
export async function makeRunFolder(...models: readonly Model[]): Promise<string> {
  const folder = mkdtempSync(path.join(tmpdir(), 'run-'))
  for (const { name = 'srcnn', scale = 2, lift, psnr, validation } of models) {
    const architecture = describeNetwork(
      createNetwork({ kernels: [1], widths: [], residual: true }),
    )
    const figures = { data: 'held out', images: 3, input: 'float', psnr: psnr ?? 0, bicubic: 30, ...validation } // prettier-ignore
    await exportModel(folder, liftingBytes(lift), {
      name,
      scale,
      architecture,
      ...(psnr === undefined ? {} : { validation: figures }),
    })
  }
  return folder
}
