// Purges a URL or a model: deletes what is stored for it from R2 and from the edge cache of this data centre.
//
// A purge of a URL ends the pictures that the URL shows or showed, under whatever URL they are stored: all results of
// their digests are deleted. Entries of other URLs then point at results that are gone, so these URLs ask the origin.
// The names of other URLs are not known here, so their answers in the edge cache are purged by the picture's tag.
//
// A purge takes several requests, because a request to a worker may make only so many calls. Each one returns a cursor
// while there is more. Results are deleted first, then tags are purged, and the entries that name the pictures are
// deleted last. So if a purge fails in the middle, a new one finds the rest.
import { discard } from '../base/discard.ts'
import { SrError } from '../base/errors.ts'
import { withinTimeout } from '../base/timeout.ts'
import type { Settings } from '../options.ts'
import type { StoredList } from '../platform/bindings.ts'
import {
  answerName,
  type Entry,
  entryName,
  parseEntry,
  parseVariants,
  resultName,
  resultsPrefix,
  variantsName,
} from './entry.ts'
import { isVariantOf, type Key, modelTag, pictureTag, sourceName, urlTag } from './key.ts'
import { type Stores, storesOf } from './stores.ts'

/** What one request of a purge has done. */
export interface Purged {
  /**
   * How many names were deleted. A variant has two, its entry in R2 and its answer in the edge cache, and each result
   * has one.
   */
  readonly deleted: number
  /** Tags that were given to `purgeTags`. */
  readonly tags: readonly string[]
  /** Where the next request goes on. Undefined if everything is deleted. */
  readonly cursor?: string
}

/** Purges the edge caches of all data centres by tag. Rejects if that fails. */
export type PurgeTags = (tags: readonly string[]) => Promise<void>

/**
 * Calls of R2 and the edge cache in a request. Workers allow 1,000, of which the zone's purge API needs some:
 * https://developers.cloudflare.com/workers/platform/limits/
 */
const MAX_CALLS = 900
/** Of them, those that a page of keys leaves for the results of its pictures. */
const CALLS_FOR_RESULTS = 300
/** Most names that R2 lists or deletes in a call: https://developers.cloudflare.com/r2/api/workers/workers-api-reference/ */
const R2_NAMES = 1000
/** Names on a page of a purge of a model. Each may take two calls: for its copy in the edge cache, and for its answer. */
const NAMES_OF_MODEL = 250
/** A request to a worker may wait for so many calls at once. */
const CALLS_AT_ONCE = 6
/** Nobody but the operator waits for a purge, and R2 may need more than a second to delete many names. */
const TIMEOUT_MS = 10_000

/** The http and the https URL of a picture have different keys, and are purged together. */
const SCHEMES = ['http:', 'https:']

type UrlKey = Pick<Key, 'source' | 'variant'>

/** What was found under a key. Its entry is undefined if it could not be parsed. */
interface Found {
  readonly entry: Entry | undefined
}

/**
 * Purges one page of a URL: all its variants and all results of its pictures. A URL without a query stands for all its
 * queries, because visitors choose them. Rejects if a store fails. Throws an SrError if the cursor is not of this purge.
 */
export async function purgeUrl(
  url: string,
  cursor: string | undefined,
  settings: Settings,
  purgeTags: PurgeTags,
): Promise<Purged> {
  const from = parseCursor(cursor)
  const [bare] = url.split('?', 1)
  const isBare = /^\??&*$/.test(url.slice(bare.length))
  const sources = await Promise.all(
    SCHEMES.map((scheme) => sourceName((isBare ? bare : url).replace(/^https?:/, scheme))),
  )
  const page = createPage(settings, purgeTags)
  const { calls } = page
  const more = (phase: Position['phase'], index = 0) => page.end({ phase, index, deleted: from.deleted })

  // Deletes what has an entry in R2. The list is always read from its start, because the names before are deleted.
  for (const prefix of from.phase === 'entries' ? sources.flatMap((source) => prefixesOf(source, isBare)) : []) {
    for (let isRest = true; isRest;) {
      const limit = page.keysThatFit()
      if (limit < 1) return more('entries')
      const { objects, truncated } = await calls.list({ prefix, limit })
      const keys = objects.map(({ key }) => keyOf(key))
      if ((await page.purge(keys, calls.readEntry)) < keys.length) return more('entries')
      isRest = truncated
    }
  }

  // Deletes what only this edge cache has.
  const keys = (await Promise.all(sources.map(calls.listVariants))).flat()
  for (let index = from.phase === 'answers' ? from.index : 0; index < keys.length;) {
    const some = keys.slice(index, index + Math.max(0, page.keysThatFit()))
    const done = await page.purge(some, calls.readAnswer)
    index += done
    if (done < some.length || some.length === 0) return more('answers', index)
  }
  await calls.delete([], sources.map(variantsName))
  await page.purgeTags(sources.map((source) => urlTag(source.split('.')[isBare ? 0 : 1])))
  return page.end()
}

/** Purges one page of a model: all results and entries with its name. Rejects if a store fails. */
export async function purgeModel(
  model: string,
  cursor: string | undefined,
  settings: Settings,
  purgeTags: PurgeTags,
): Promise<Purged> {
  const calls = createCalls(settings)
  const { objects, ...list } = await calls.list({ cursor, limit: NAMES_OF_MODEL })
  const names = objects
    .map(({ key }) => key)
    .filter((name) => isVariantOf(name.slice(name.lastIndexOf('/') + 1), model))
  await calls.delete(names, [...new Set([...names, ...names.map((name) => name.replace(/^entries/, 'answers'))])])
  if (list.truncated) return { deleted: names.length, tags: [], cursor: list.cursor }
  // The tag is purged last, so that no edge cache copies from R2 what is not deleted yet.
  const tags = [modelTag(model)]
  await purgeTags(tags)
  return { deleted: names.length, tags }
}

/** Where a purge of a URL goes on. */
interface Position {
  /** Which names are next: the entries in R2, or the answers that only the edge cache has. */
  readonly phase: 'entries' | 'answers'
  /** How many answers are done. */
  readonly index: number
  /** How many names were deleted so far, which makes each cursor a different one. */
  readonly deleted: number
}

function parseCursor(cursor: string | undefined): Position {
  if (cursor === undefined) return { phase: 'entries', index: 0, deleted: 0 }
  const [, phase, index, deleted] = /^(entries|answers):(\d{1,9}):(\d{1,9})$/.exec(cursor) ?? []
  if (phase !== 'entries' && phase !== 'answers') {
    throw new SrError('PURGE_REQUEST', 'expected the cursor of the last answer')
  }
  return { phase, index: Number(index), deleted: Number(deleted) }
}

/**
 * Returns how the names of a URL's entries in R2 begin, with `isBare` those of all its queries. The first versions named
 * a source by the SHA-256 of its whole URL alone. No request reads such an entry, but it names a picture to be ended.
 */
function prefixesOf(source: string, isBare: boolean): string[] {
  const [bare, whole] = source.split('.')
  return [`entries/${isBare ? `${bare}.` : `${source}/`}`, `entries/${whole}/`]
}

/** Returns the key of an entry's name. */
function keyOf(name: string): UrlKey {
  const [, source, variant] = name.split('/')
  return { source, variant }
}

/** Deletes keys and pictures for as long as a request has calls left. */
function createPage(settings: Settings, purgeTags: PurgeTags) {
  const calls = createCalls(settings)
  /** Pictures whose results are deleted. */
  const ended = new Set<string>()
  /** Names of results that are deleted. */
  const deleted = new Set<string>()
  const tags: string[] = []
  let variants = 0

  /** Deletes the results of a picture. Returns false if `reserved` calls would not be left. */
  const endPicture = async (entry: Entry, reserved: number): Promise<boolean> => {
    const deleteResults = async (names: readonly string[]) => {
      await calls.delete(names, names)
      for (const name of names) deleted.add(name)
    }
    while (!ended.has(entry.digest)) {
      const limit = Math.min(R2_NAMES, calls.left() - reserved - 2) // two calls: list and delete
      if (limit < 1) return false
      const { objects, truncated } = await calls.list({ prefix: resultsPrefix(entry.digest), limit })
      await deleteResults(objects.map(({ key }) => key))
      if (!truncated) ended.add(entry.digest)
    }
    // The edge cache may have a result that R2 no longer has.
    const own = resultName(entry)
    if (deleted.has(own)) return true
    if (calls.left() <= reserved + 1) return false
    await deleteResults([own])
    return true
  }
  const purgeMoreTags = async (more: readonly string[]) => {
    if (more.length > 0) await purgeTags(more)
    tags.push(...more)
  }
  return {
    calls,
    /** Returns how many keys can be purged with the calls that are left: a key takes two, one to read and one to delete. */
    keysThatFit: () => Math.floor((calls.left() - CALLS_FOR_RESULTS) / 2),
    /**
     * Purges keys and their pictures, in this order, for as long as there are calls. Returns how many keys are purged.
     * `read` returns undefined if nothing is stored under a key.
     */
    async purge(keys: readonly UrlKey[], read: (key: UrlKey) => Promise<Found | undefined>): Promise<number> {
      const found = await inOrder(keys, read)
      const before = new Set(ended)
      let done = 0
      for (; done < keys.length; done++) {
        const entry = found[done]?.entry
        const isEnded = entry === undefined || entry.digest === '' || (await endPicture(entry, keys.length + 1))
        if (!isEnded) break
      }
      await purgeMoreTags([...ended].filter((digest) => !before.has(digest)).map(pictureTag))
      const there = keys.slice(0, done).filter((_, i) => found[i])
      await calls.delete(there.map(entryName), there.map(answerName))
      variants += there.length
      return done
    },
    purgeTags: purgeMoreTags,
    /** Returns what was done. `position` is where the purge goes on, and its count is that before this request. */
    end(position?: Position): Purged {
      const count = 2 * variants + deleted.size
      if (!position) return { deleted: count, tags }
      const { phase, index } = position
      return { deleted: count, tags, cursor: `${phase}:${index}:${position.deleted + count}` }
    },
  }
}

/** The stores, for a request that counts its calls. All functions reject if a store fails or hangs. */
function createCalls(settings: Settings) {
  const { edge, r2 }: Stores = storesOf(settings)
  const bucket = settings.results
  let left = MAX_CALLS
  const call = <T>(work: Promise<T>): Promise<T> => {
    left--
    return withinTimeout(work, TIMEOUT_MS)
  }
  return {
    left: () => left,
    async list(options: { prefix?: string; cursor?: string; limit: number }): Promise<StoredList> {
      return bucket ? call(bucket.list(options)) : { objects: [], truncated: false }
    },
    async readEntry(key: UrlKey): Promise<Found> {
      const json = r2 && (await call(r2.get(entryName(key))))
      return { entry: json && parseEntry(json) }
    },
    async readAnswer(key: UrlKey): Promise<Found | undefined> {
      const answer = edge && (await call(edge.open(answerName(key))))
      discard(answer?.body)
      return answer && { entry: answer.note === undefined ? undefined : parseEntry(answer.note) }
    },
    async listVariants(source: string): Promise<UrlKey[]> {
      const bytes = edge && (await call(edge.get(variantsName(source))))
      return parseVariants(bytes).map((variant) => ({ source, variant }))
    },
    /** Deletes from R2 first, so that nobody copies a file from R2 to the edge again. */
    async delete(inR2: readonly string[], inEdge: readonly string[]): Promise<void> {
      if (r2 && inR2.length > 0) await call(r2.delete(inR2))
      if (edge) await inOrder(inEdge, (name) => call(edge.delete([name])))
    },
  }
}

/** Returns the results of `work` in the order of `items`. At most CALLS_AT_ONCE run at the same time. */
async function inOrder<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  const rest = items.entries()
  const workThrough = async () => {
    for (const [i, item] of rest) results[i] = await work(item)
  }
  await Promise.all(Array.from({ length: CALLS_AT_ONCE }, workThrough))
  return results
}
