// POST /_sr/purge, for an operator: what is kept of a picture, or was made by a model, is deleted from R2 and from
// the edge cache of this data centre; from those of others through the zone's purge API, by tag.
//
//   {"url": "https://www.example/cat.jpg"}   all variants of it; our own parameters do not matter
//   {"model": "fast", "cursor": "..."}       a page of R2 at a time: go on while the answer has a cursor
//
// What is being made at that moment is kept all the same.
import type { Bucket } from '../platform/bindings.ts'
import {
  answerName,
  entryName,
  isVariantOf,
  modelTag,
  parseAnswer,
  parseEntry,
  parseVariants,
  resultName,
  sourceOf,
  sourceTag,
  type Store,
  storesOf,
  variantsName,
} from '../cache/cache.ts'
import { SrError } from '../base/errors.ts'
import type { Settings } from '../options.ts'
import { sourceUrlOf } from './params.ts'
import { withinTimeout } from '../base/timeout.ts'

export interface PurgeAccess {
  /** What whoever purges has as a bearer token. */
  readonly secret: string
  /** For edge caches elsewhere: a zone's id, and a token that may purge its cache. */
  readonly zone?: { readonly id: string; readonly token: string } | undefined
}

/** What was asked for, and what came of it. */
interface Purged {
  /** How many things of R2 and of this edge cache are gone, by name. */
  readonly deleted: number
  readonly tags: readonly string[]
  /** Where to go on. */
  readonly cursor?: string
}

/** Names on a page: each is a call of the edge cache, of which a request has a thousand. */
const PAGE = 250

const EXPECTED = 'expected JSON: {"url": "https://..."} or {"model": "..."}'

/** Answers with what is gone and how the rest goes. Throws an SrError. */
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
    console.error('purge failed', cause)
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
  // As visitors' URLs are when they reach us.
  return { url: url && new URL(url).href, model, cursor }
}

/** Kept apart, and gone together. */
const SCHEMES = ['http:', 'https:']

async function purgeUrl(url: string, settings: Settings): Promise<Purged> {
  const sourceUrl = sourceUrlOf(url, settings)
  const stores = storesOf(settings)
  const sources = await Promise.all(SCHEMES.map((scheme) => sourceOf(sourceUrl.replace(/^https?:/, scheme))))
  const names = new Set<string>()
  for (const source of sources) for (const name of await namesOf(source, stores, settings)) names.add(name)
  await deleteFrom(stores, [...names, ...sources.map(variantsName)])
  return { deleted: names.size, tags: sources.map(sourceTag) }
}

/** What is kept of a source. */
async function namesOf(source: string, stores: readonly Store[], settings: Settings) {
  const edge = stores.find(({ layer }) => layer === 'edge')
  const variants = new Set(parseVariants(edge && (await withinTimeout(edge.get(variantsName(source))))))
  const prefix = entryName({ source, variant: '' })
  for (const name of await listAll(settings.results, prefix)) variants.add(name.slice(prefix.length))
  const names: string[] = []
  for (const variant of variants) {
    const key = { source, variant }
    names.push(answerName(key), entryName(key))
    for (const store of stores) {
      const isEdge = store === edge
      const bytes = await withinTimeout(store.get(isEdge ? answerName(key) : entryName(key)))
      const entry = bytes && (isEdge ? parseAnswer(bytes)?.entry : parseEntry(bytes))
      if (entry) names.push(resultName(entry.digest, key))
    }
  }
  return names
}

async function purgeModel(model: string, cursor: string | undefined, settings: Settings): Promise<Purged> {
  const tags = [modelTag(model)]
  if (!settings.results) return { deleted: 0, tags }
  const page = await withinTimeout(settings.results.list({ limit: PAGE, cursor }))
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

async function deleteFrom(stores: readonly Store[], names: readonly string[]): Promise<void> {
  await withinTimeout(Promise.all(stores.map((store) => store.delete(names))))
}

/** https://developers.cloudflare.com/api/resources/cache/methods/purge/ */
async function purgeElsewhere(tags: readonly string[], { id, token }: NonNullable<PurgeAccess['zone']>): Promise<void> {
  const response = await withinTimeout(
    fetch(`https://api.cloudflare.com/client/v4/zones/${id}/purge_cache`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ tags }),
    }),
  )
  if (!response.ok) throw new Error(`the zone's purge API answered ${response.status}; what was here is deleted`)
  await response.body?.cancel()
}

/** In a time that does not depend on how much of them is equal. */
async function isEqual(one: string, other: string): Promise<boolean> {
  const digest = (text: string) => crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  const [a, b] = await Promise.all([digest(one), digest(other)])
  return crypto.subtle.timingSafeEqual(a, b)
}
