// Makes the folder that a training run leaves, with models of known weights and scores.
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { exportModel } from '../../../trainer/run/export.ts'
import { DEFAULT_MODEL, type Parent, type ValidationScore } from '../../../worker/model/manifest.ts'
import { describeNetwork, type Network } from '../../../worker/model/network.ts'
import { encodeNetwork } from '../../../worker/model/networkFile.ts'
import { lifting } from '../engine/models.ts'

export interface RunModel {
  readonly name?: string
  readonly scale?: number
  readonly lift: number
  /** Number of channels. Default: 1, for luma. */
  readonly channels?: number
  /** Default: a network that adds `lift` to every pixel. */
  readonly network?: Network
  /** PSNR on the validation pictures in dB. Bicubic reaches 30 dB on them. Default: the model was not validated. */
  readonly psnr?: number
  readonly validation?: Partial<ValidationScore>
  readonly data?: string
  readonly parents?: readonly Parent[]
}

/** Writes a folder like that of a training run, and returns its path. */
export async function makeRunFolder(...models: readonly RunModel[]): Promise<string> {
  const folder = mkdtempSync(path.join(tmpdir(), 'run-'))
  for (const {
    name = DEFAULT_MODEL,
    scale = 2,
    lift,
    channels,
    psnr,
    validation,
    data,
    parents,
    network = lifting(lift, channels),
  } of models) {
    const bytes = encodeNetwork(network)
    const architecture = describeNetwork(network)
    const figures = { data: 'held out', images: 3, input: 'float', psnr: psnr ?? 0, bicubic: 30, ...validation }
    await exportModel(folder, bytes, {
      name,
      scale,
      architecture,
      ...(data === undefined ? {} : { data }),
      ...(parents === undefined ? {} : { parents }),
      ...(psnr === undefined ? {} : { validation: figures }),
    })
  }
  return folder
}
