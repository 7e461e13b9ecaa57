// POST /_sr/purge, for an operator: deletes everything that is stored for one picture, or everything that was made with
// one model. Deletes it from R2 and from the edge cache of this data centre. The edge caches of other data centres are
// purged by tag, through the zone's purge API.
//
//   {"url": "https://www.example/cat.jpg"}   all variants of the picture; our own parameters in the URL are ignored
//   {"model": "fast", "cursor": "..."}       one page of R2 per request; repeat while the answer has a cursor
//
// A result that is being made during the purge is stored nevertheless.
import { discard } from '../base/discard.ts'
import { SrError } from '../base/errors.ts'
import { loggableError } from '../base/loggable.ts'
import { withinTimeout } from '../base/timeout.ts'
import { answerName, entryName, parseEntry, parseVariants, resultName, variantsName } from '../cache/entry.ts'
import { isVariantOf, modelTag, sourceDigest, sourceTag } from '../cache/key.ts'
import { type Stores, storesOf } from '../cache/stores.ts'
import { splitOwn } from '../client/query.ts'
import type { Settings } from '../options.ts'
import type { Bucket } from '../platform/bindings.ts'
import { sourceUrlOf } from './params.ts'

export interface PurgeAccess {
  /** The bearer token that a purge request must have. */
  readonly secret: string
  /** For purging other data centres: the zone's id, and an API token that may purge the zone's cache. */
  readonly zone?: { readonly id: string; readonly token: string } | undefined
}

interface Purged {
  /** How many names were deleted from R2 and from this edge cache. */
  readonly deleted: number
  readonly tags: readonly string[]
  /** Where the next page starts. Undefined if there is none. */
  readonly cursor?: string
}

/** Names per page. Deleting a name takes calls of the edge cache, and a request may make at most 1,000 calls. */
const NAMES_PER_PAGE = 250

const EXPECTED = 'expected JSON: {"url": "https://..."} or {"model": "..."}'

/**
 * Purges what the request names. Answers with the number of names deleted here, and with how other data centres are
 * purged. Throws an SrError if the request is not allowed or the purge fails.
 */
export async function answerPurge(
  request: Request,
  { secret, zone }: PurgeAccess,
  settings: Settings,
): Promise<Response> {
  if (request.method !== 'POST') throw new SrError('PURGE_REQUEST', 'expected POST')
  const token = /^Bearer (.+)$/.exec(request.headers.get('authorization') ?? '')?.[1]
  if (!(await isEqual(token ?? '', secret)))
    throw new SrError('PURGE_TOKEN', 'expected the purge secret as a bearer token')
  const { url, model, cursor } = await parse(request)
  let purged: Purged
  try {
    purged = url === undefined ? await purgeModel(model!, cursor, settings) : await purgeUrl(url, settings)
    if (zone) await purgeElsewhere(purged.tags, zone)
  } catch (cause) {
    console.error('purge failed', loggableError(cause))
    throw new SrError('PURGE_FAILED', cause instanceof Error ? cause.message : 'storage failed')
  }
  const elsewhere = zone ? `purged by tag: ${purged.tags.join(', ')}` : `gone within ${settings.edgeTtlSeconds} s`
  const body = { deleted: purged.deleted, elsewhere, cursor: purged.cursor }
  return Response.json(body, { headers: { 'cache-control': 'no-store' } })
}

interface Asked {
  readonly url?: string
  readonly model?: string
  readonly cursor?: string
}

async function parse(request: Request): Promise<Asked> {
  const body = (await request.json().catch(() => undefined)) as Asked | null | undefined
  const { url, model, cursor } = body ?? {}
  const areStrings = [url, model, cursor].every((one) => one === undefined || typeof one === 'string')
  const isOne = (url === undefined) !== (model === undefined)
  if (!areStrings || !isOne || (url !== undefined && !URL.canParse(url))) {
    throw new SrError('PURGE_REQUEST', EXPECTED)
  }
  // The URL is normalised, because the URLs of visitors are normalised before they reach us.
  return { url: url && new URL(url).href, model, cursor }
}

/** The http and the https URL of a picture have different keys, and are purged together. */
const SCHEMES = ['http:', 'https:']

async function purgeUrl(url: string, settings: Settings): Promise<Purged> {
  const sourceUrl = sourceUrlOf(splitOwn(url, settings.param), settings)
  const stores = storesOf(settings)
  const sources = await Promise.all(SCHEMES.map((scheme) => sourceDigest(sourceUrl.replace(/^https?:/, scheme))))
  const names = new Set<string>()
  for (const source of sources) for (const name of await namesOf(source, stores, settings)) names.add(name)
  await deleteFrom(stores, [...names, ...sources.map(variantsName)])
  return { deleted: names.size, tags: sources.map(sourceTag) }
}

/** Returns the names of everything that is stored for a source. */
async function namesOf(source: string, { edge, r2 }: Stores, settings: Settings) {
  const variants = new Set(parseVariants(edge && (await withinTimeout(edge.get(variantsName(source))))))
  const prefix = entryName({ source, variant: '' })
  for (const name of await listAll(settings.results, prefix)) variants.add(name.slice(prefix.length))
  const names: string[] = []
  for (const variant of variants) {
    const key = { source, variant }
    names.push(answerName(key), entryName(key))
    const answer = edge && (await withinTimeout(edge.open(answerName(key))))
    discard(answer?.body)
    for (const json of [answer?.note, r2 && (await withinTimeout(r2.get(entryName(key))))]) {
      const entry = json === undefined ? undefined : parseEntry(json)
      if (entry && entry.size > 0) names.push(resultName(entry))
    }
  }
  return names
}

async function purgeModel(model: string, cursor: string | undefined, settings: Settings): Promise<Purged> {
  const tags = [modelTag(model)]
  if (!settings.results) return { deleted: 0, tags }
  const page = await withinTimeout(settings.results.list({ limit: NAMES_PER_PAGE, cursor }))
  const names = page.objects
    .map(({ key }) => key)
    .filter((name) => isVariantOf(name.slice(name.lastIndexOf('/') + 1), model))
  await deleteFrom(storesOf(settings), [
    ...new Set([...names, ...names.map((name) => name.replace(/^entries/, 'answers'))]),
  ])
  return { deleted: names.length, tags, ...(page.truncated ? { cursor: page.cursor } : {}) }
}

async function listAll(bucket: Bucket | undefined, prefix: string): Promise<string[]> {
  const names: string[] = []
  if (!bucket) return names
  for (let cursor: string | undefined; ;) {
    const page = await withinTimeout(bucket.list({ prefix, cursor }))
    names.push(...page.objects.map(({ key }) => key))
    if (!page.truncated) return names
    cursor = page.cursor
  }
}

async function deleteFrom({ edge, r2 }: Stores, names: readonly string[]): Promise<void> {
  await withinTimeout(Promise.all([edge, r2].map(async (store) => store?.delete(names))))
}

/** Purges the edge caches of all data centres: https://developers.cloudflare.com/api/resources/cache/methods/purge/ */
async function purgeElsewhere(tags: readonly string[], { id, token }: NonNullable<PurgeAccess['zone']>): Promise<void> {
  const response = await withinTimeout(
    fetch(`https://api.cloudflare.com/client/v4/zones/${id}/purge_cache`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ tags }),
    }),
  )
  if (!response.ok) throw new Error(`the zone's purge API answered ${response.status}; R2 and this cache are purged`)
  await response.body?.cancel()
}

/** Compares two texts in a time that does not depend on how many of their characters are equal. */
async function isEqual(one: string, other: string): Promise<boolean> {
  const digest = (text: string) => crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  const [a, b] = await Promise.all([digest(one), digest(other)])
  return crypto.subtle.timingSafeEqual(a, b)
}
