// Trained weights that may be promoted or uploaded, read from a folder and checked.
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { ModelEntry } from '../../worker/model/manifest.ts'
import { channelsOf, type Network, requireScale } from '../../worker/model/network.ts'
import { decodeNetwork } from '../../worker/model/networkFile.ts'
import { MANIFEST_FILE, readManifest, sha256Of } from '../run/export.ts'

export interface CandidateModel {
  readonly entry: ModelEntry
  readonly bytes: Uint8Array
}

/**
 * Reads the models of a run's folder, or only those of `scales`. Throws if there are none, if a scale is
 * missing, or if a file differs from its manifest entry or holds a network that the worker cannot run.
 */
export async function readCandidates(folder: string, scales?: readonly number[]): Promise<CandidateModel[]> {
  const { models } = await readManifest(folder)
  const present = models.map(titleOf).join(', ') || `no ${MANIFEST_FILE} with models`
  const missing = scales?.filter((scale) => !models.some((model) => model.scale === scale)) ?? []
  if (models.length === 0 || missing.length > 0) {
    const expected = missing.length > 0 ? `x${missing.join(', x')}` : 'weights'
    throw new Error(`expected ${expected} in ${folder}, got ${present}`)
  }
  const chosen = models.filter(({ scale }) => scales?.includes(scale) ?? true)
  return Promise.all(chosen.map(async (entry) => ({ entry, bytes: await readModel(folder, entry) })))
}

async function readModel(folder: string, entry: ModelEntry): Promise<Uint8Array> {
  const file = path.join(folder, entry.file)
  const bytes = await readFile(file)
  const actual = sha256Of(bytes)
  if (actual !== entry.sha256) {
    throw new Error(`expected ${file} to have the sha256 of its manifest, ${entry.sha256}, got ${actual}`)
  }
  let network: Network
  try {
    network = decodeNetwork(bytes)
    requireScale(network, entry.scale)
  } catch (cause) {
    throw new Error(`${file} does not hold a network that the worker can run at x${entry.scale}`, {
      cause,
    })
  }
  const channels = channelsOf(network)
  if (channels !== 1)
    throw new Error(
      `${file}: expected a network on luma, the only kind that the worker serves, got one on ${channels} channels`,
    )
  return bytes
}

/** Returns a model's name and scale, for example `srcnn x3`. */
export function titleOf({ name, scale }: ModelEntry): string {
  return `${name} x${scale}`
}
