// Weights into a bucket that is being read. Files first, under keys that hold their digest, then the
// manifest, in one conditional write: readers see the old weights or the new ones, never half, and of
// two who publish at once the later one starts again from what the earlier one wrote.
import { formatManifest, type Manifest, type ModelEntry, withEntry } from '../../worker/model/manifest.ts'
import { MANIFEST } from '../run/export.ts'
import { type CandidateModel, titleOf } from './candidate.ts'
import { requireNoLoss } from './requireNoLoss.ts'
import { brokenFiles, formatServed, keepManifest, modelKey, readPrevious, readServed } from './servedManifest.ts'
import { type PutCondition, type ObjectStore, StoreError } from './openStore.ts'

export interface PublishOptions {
  /** Also weights that lose, and into a store without conditional writes. */
  readonly force: boolean
  readonly now?: () => Date
}

export interface Publication {
  readonly manifest: Manifest
  /** False where the bucket served just this already. */
  readonly changed: boolean
  readonly notes: readonly string[]
}

/** Each lost round is another's success, so this many others would have to come in between. */
const ROUNDS = 10
const NO_ETAG = '"00000000000000000000000000000000"'
const UNIMPLEMENTED = 501
const EMPTY: Manifest = { version: 1, models: [] }

/**
 * Serves the candidates in place of the models of their names and scales. Throws before it writes
 * anything where one is known to lose, and before the manifest where the store ignores conditions.
 */
export async function publish(
  store: ObjectStore,
  candidates: readonly CandidateModel[],
  { force, now = () => new Date() }: PublishOptions,
): Promise<Publication> {
  const entries = candidates.map(({ entry }) => entry)
  const date = now().toISOString()
  let isGuarded: boolean | undefined
  for (let round = 0; round < ROUNDS; round++) {
    const served = await readServed(store)
    const current = served?.manifest ?? EMPTY
    const notes = [...requireNoLoss(entries, current, force)]
    const manifest = entries.reduce((to, entry) => withEntry(to, publishedEntry(entry, to, date)), current)
    if (isGuarded === undefined) {
      for (const { entry, bytes } of candidates) await store.put(keyOf(entry), bytes)
      const [{ entry, bytes }] = candidates
      isGuarded = await requireConditions(store, keyOf(entry), bytes, force)
    }
    if (!isGuarded)
      notes.push(`${store.title} has no conditional writes: another's upload at the same time can be lost`)
    if (formatManifest(manifest) === formatManifest(current)) {
      return { manifest, changed: false, notes }
    }
    const previous = served && (await keepManifest(store, served))
    const condition: PutCondition = served ? { match: served.etag } : 'absent'
    const bytes = formatServed(manifest, date, previous)
    if (await store.put(MANIFEST, bytes, isGuarded ? condition : undefined)) {
      return { manifest, changed: true, notes }
    }
  }
  throw new Error(`others wrote ${MANIFEST} in ${store.title} ${ROUNDS} times meanwhile; try again`)
}

/**
 * Serves again what was served before the last publication; done again, it goes back one further.
 * Throws where there is nothing to go back to, where a file of it is gone, and where somebody
 * publishes at the same time.
 */
export async function rollBack(store: ObjectStore, { force }: PublishOptions): Promise<Manifest> {
  const served = await readServed(store)
  const previous = served && (await readPrevious(store, served))
  if (!previous) throw new Error(`nothing was served from ${store.title} before what is there now`)
  const broken = await brokenFiles(store, previous.manifest)
  if (broken.length > 0) throw new Error(`cannot go back in ${store.title}: ${broken.join('; ')}`)
  const kept = await keepManifest(store, served)
  const isGuarded = await requireConditions(store, kept, served.bytes, force)
  const condition = isGuarded ? { match: served.etag } : undefined
  if (await store.put(MANIFEST, previous.bytes, condition)) return previous.manifest
  throw new Error(`somebody published to ${store.title} just now; see what is served and try again`)
}

function keyOf({ name, scale, sha256 }: ModelEntry): string {
  return modelKey(name, scale, sha256)
}

/** The date is that of the weights' first publication: the same ones again change nothing. */
function publishedEntry(entry: ModelEntry, to: Manifest, date: string): ModelEntry {
  const rival = to.models.find((model) => titleOf(model) === titleOf(entry))
  const known = rival?.sha256 === entry.sha256 ? rival.date : undefined
  return { ...entry, file: keyOf(entry), date: known ?? entry.date ?? date }
}

/**
 * Whether the store keeps to conditions; throws where not, unless `force`. Asked by writing an
 * object once more as it is, on conditions that cannot hold.
 */
async function requireConditions(store: ObjectStore, key: string, bytes: Uint8Array, force: boolean): Promise<boolean> {
  const ignores = async (condition: PutCondition) => {
    try {
      return await store.put(key, bytes, condition)
    } catch (error) {
      if (error instanceof StoreError && error.status === UNIMPLEMENTED) return true
      throw error
    }
  }
  if (!(await ignores('absent')) && !(await ignores({ match: NO_ETAG }))) return true
  if (force) return false
  throw new Error(
    `refused without --force: ${store.title} ignores If-Match or If-None-Match, so two uploaders can undo each other`,
  )
}
