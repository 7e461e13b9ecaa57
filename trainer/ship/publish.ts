// Publishes weights to a bucket that workers are reading. Files are written first, under keys that contain
// their digest, then the manifest in one conditional write. So readers see either the old or the new
// weights. If two publish at the same time, the second starts again from the manifest that the first wrote.
import { formatManifest, type Manifest, type ModelEntry, withEntry } from '../../worker/model/manifest.ts'
import { MANIFEST_FILE } from '../run/export.ts'
import { type CandidateModel, titleOf } from './readCandidates.ts'
import { type PutCondition, type ObjectStore, StoreError } from './contract.ts'
import { requireNoLoss } from './requireNoLoss.ts'
import { brokenFiles, formatServed, keepManifest, modelKey, readPrevious, readServed } from './servedManifest.ts'

export interface PublishOptions {
  /**
   * True to publish even if the weights score worse than the current ones or bicubic, or if the store has no
   * conditional writes.
   */
  readonly force: boolean
  readonly now?: () => Date
}

export interface Publication {
  readonly manifest: Manifest
  /** False if the bucket served exactly these weights already. */
  readonly changed: boolean
  readonly notes: readonly string[]
}

/** Maximum number of tries to write the manifest. A try fails only if someone else wrote it meanwhile. */
const ROUNDS = 10
const NO_ETAG = '"00000000000000000000000000000000"'
const UNIMPLEMENTED = 501
const EMPTY: Manifest = { version: 1, models: [] }

/**
 * Replaces the served models by the candidates of the same names and scales. Throws before any write if a candidate is
 * known to score worse, and before it writes the manifest if the store ignores conditions. With `force`, publishes in
 * both cases.
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
      notes.push(`${store.title} has no conditional writes: a simultaneous upload by someone else can be lost`)
    if (formatManifest(manifest) === formatManifest(current)) {
      return { manifest, changed: false, notes }
    }
    const previous = served && (await keepManifest(store, served))
    const condition: PutCondition = served ? { match: served.etag } : 'absent'
    const bytes = formatServed(manifest, date, previous)
    if (await store.put(MANIFEST_FILE, bytes, isGuarded ? condition : undefined)) {
      return { manifest, changed: true, notes }
    }
  }
  throw new Error(`${MANIFEST_FILE} in ${store.title} changed during each of ${ROUNDS} tries; try again`)
}

/**
 * Restores the weights that were served before the last publication. Each further call goes back one more publication.
 * Throws if there is no earlier manifest, if one of its files is missing, or if someone publishes at the same time.
 */
export async function rollBack(store: ObjectStore, { force }: PublishOptions): Promise<Manifest> {
  const served = await readServed(store)
  const previous = served && (await readPrevious(store, served))
  if (!previous) throw new Error(`nothing was served from ${store.title} before the current weights`)
  const broken = await brokenFiles(store, previous.manifest)
  if (broken.length > 0) throw new Error(`cannot roll back ${store.title}: ${broken.join('; ')}`)
  const kept = await keepManifest(store, served)
  const isGuarded = await requireConditions(store, kept, served.bytes, force)
  const condition = isGuarded ? { match: served.etag } : undefined
  if (await store.put(MANIFEST_FILE, previous.bytes, condition)) return previous.manifest
  throw new Error(`someone published to ${store.title} at the same time; list what is served, then try again`)
}

function keyOf({ name, scale, sha256 }: ModelEntry): string {
  return modelKey(name, scale, sha256)
}

/**
 * Returns the entry to serve. It keeps the date of the weights' first publication, so that publishing them again
 * changes nothing.
 */
function publishedEntry(entry: ModelEntry, to: Manifest, date: string): ModelEntry {
  const rival = to.models.find((model) => titleOf(model) === titleOf(entry))
  const known = rival?.sha256 === entry.sha256 ? rival.date : undefined
  return { ...entry, file: keyOf(entry), date: known ?? entry.date ?? date }
}

/**
 * Returns whether the store honours conditions. If it does not, throws unless `force` is set. To find out, rewrites an
 * existing object with the same bytes under conditions that cannot hold.
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
