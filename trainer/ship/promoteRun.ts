import path from 'node:path'
import { isFree } from '../data/licences.ts'
import { DEFAULT_MODEL, type ModelEntry } from '../../worker/model/manifest.ts'
import { print } from '../../worker/terminal/print.ts'
import { exportModel, readManifest } from '../run/export.ts'
import { type CandidateModel, readCandidates, titleOf } from './readCandidates.ts'
import { requireNoLoss } from './requireNoLoss.ts'

export interface PromoteOptions {
  /** Scales to promote. Default: all scales of the run. */
  readonly scales?: readonly number[]
  /** True to promote weights even if they score worse than the current ones or bicubic. Default false. */
  readonly force?: boolean
  /** Folder to copy into. Default `models`, the weights that ship with the worker. */
  readonly models?: string
}

/** Command that records the default model's gain on the test scenes in the manifest. A test expects the gain there. */
const RECORD = 'RECORD_SCENES=1 npx vitest run --config test/vitest.config.ts --project worker quality'

/**
 * Copies a run's weights into models/ and prints what changed. If a model scores worse than bicubic or than the model
 * that it would replace, throws and copies nothing, unless `force` is set. Always throws if weights from free pictures
 * descend from others.
 */
export async function promoteRun(
  folder: string,
  { scales, force = false, models = 'models' }: PromoteOptions = {},
): Promise<void> {
  if (path.resolve(folder) === path.resolve(models)) {
    throw new Error(`expected a run to promote, got ${models} itself`)
  }
  const candidates = await readCandidates(folder, scales)
  for (const { entry } of candidates) requireFreeParents(entry)
  const current = await readManifest(models)
  const notes = requireNoLoss(
    candidates.map(({ entry }) => entry),
    current,
    force,
  )
  const unrecorded: string[] = []
  for (const { entry, bytes } of candidates) {
    const rival = current.models.find((model) => titleOf(model) === titleOf(entry))
    const scenes = entry.scenes ?? (rival?.sha256 === entry.sha256 ? rival.scenes : undefined)
    const exported = await exportModel(models, bytes, withoutFile({ ...entry, scenes }))
    print(`${path.join(models, exported.file)}: sha256 ${exported.sha256}`)
    if (scenes === undefined && entry.name === DEFAULT_MODEL) unrecorded.push(titleOf(entry))
  }
  for (const note of notes) print(`note: ${note}`)
  if (unrecorded.length > 0) {
    print(`note: the gain of ${unrecorded.join(', ')} on the test scenes is not recorded; run ${RECORD}`)
  }
}

/** Throws if weights from free pictures descend from weights whose pictures are not known to be free. */
function requireFreeParents(entry: ModelEntry): void {
  if (!isFree(entry.data)) return
  const parent = entry.parents?.find(({ data }) => !isFree(data))
  if (!parent) return
  const { sha256, data = 'unknown pictures', licence = 'unknown to us' } = parent
  throw new Error(
    `expected ${titleOf(entry)}, trained on free pictures, to descend only from such weights, ` +
      `got ${sha256.slice(0, 8)}, trained on ${data} (${licence})`,
  )
}

/** Drops the fields that exportModel computes. */
function withoutFile(entry: CandidateModel['entry']): Parameters<typeof exportModel>[2] {
  const { file: _file, sha256: _sha256, bytes: _bytes, ...rest } = entry
  return rest
}
