import path from 'node:path'
import { DEFAULT_MODEL } from '../../worker/model/manifest.ts'
import { exportModel, readManifest } from '../run/export.ts'
import { type CandidateModel, readCandidates, titleOf } from './candidate.ts'
import { requireNoLoss } from './requireNoLoss.ts'

export interface PromoteOptions {
  /** Default: all that the run has. */
  readonly scales?: readonly number[]
  /** Also weights that lose; default false. */
  readonly force?: boolean
  /** Default `models`, the weights that come with the worker. */
  readonly models?: string
}

/** The test holds what is served by default to what it gains on the project's own scenes. */
const RECORDED = DEFAULT_MODEL
const RECORD = 'RECORD_SCENES=1 npx vitest run --config test/vitest.config.ts --project worker quality'

/** Copies a run folder's weights into models/ and says what was done. All of them, or none if one loses. */
export async function promoteRun(
  folder: string,
  { scales, force = false, models = 'models' }: PromoteOptions = {},
): Promise<void> {
  if (path.resolve(folder) === path.resolve(models)) {
    throw new Error(`expected a run to promote, got ${models} itself`)
  }
  const candidates = await readCandidates(folder, scales)
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
    const exported = await exportModel(models, bytes, unfiled({ ...entry, scenes }))
    console.log(`${path.join(models, exported.file)}: sha256 ${exported.sha256}`)
    if (scenes === undefined && entry.name === RECORDED) unrecorded.push(titleOf(entry))
  }
  for (const note of notes) console.log(`note: ${note}`)
  if (unrecorded.length > 0) {
    console.log(`what ${unrecorded.join(', ')} gains on our own scenes is not recorded: ${RECORD}`)
  }
}

/** Without what exportModel makes anew. */
function unfiled(entry: CandidateModel['entry']): Parameters<typeof exportModel>[2] {
  const { file: _file, sha256: _sha256, bytes: _bytes, ...rest } = entry
  return rest
}
