// POST /_sr/purge, for an operator: deletes everything that is stored for one picture, or everything that was made with
// one model. Deletes it from R2 and from the edge cache of this data centre. The edge caches of other data centres are
// purged by tag, through the zone's purge API.
//
//   {"url": "https://www.example/cat.jpg"}   the picture, in all variants and under all URLs; our own parameters in the
//                                            URL are ignored
//   {"model": "fast"}                        all results of the model
//
// A request deletes a page. While the answer has a cursor, the operator repeats the request with this `cursor`.
//
// A result that is being made during the purge is stored nevertheless.
import { SrError } from '../base/errors.ts'
import { loggableError } from '../base/loggable.ts'
import { withinTimeout } from '../base/timeout.ts'
import { type Purged, purgeModel, type PurgeTags, purgeUrl } from '../cache/purge.ts'
import { splitOwn } from '../client/query.ts'
import type { Settings } from '../options.ts'
import { sourceUrlOf } from './params.ts'

export interface PurgeAccess {
  /** The bearer token that a purge request must have. */
  readonly secret: string
  /** For purging other data centres: the zone's id, and an API token that may purge the zone's cache. */
  readonly zone?: { readonly id: string; readonly token: string } | undefined
}

/** Most tags in a request: https://developers.cloudflare.com/cache/how-to/purge-cache/ */
const TAGS_PER_REQUEST = 100
/** Longest wait for the zone's purge API. */
const ZONE_TIMEOUT_MS = 10_000

const EXPECTED = 'expected JSON: {"url": "https://..."} or {"model": "..."}'

/**
 * Purges one page of what the request names. Answers with the number of names deleted here, with how other data centres
 * are purged, and with the cursor of the next page if there is one. Throws an SrError if the request is not allowed or
 * the purge fails.
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
  const purgeTags: PurgeTags = async (tags) => {
    if (zone) await purgeElsewhere(tags, zone)
  }
  let purged: Purged
  try {
    purged =
      url === undefined
        ? await purgeModel(model!, cursor, settings, purgeTags)
        : await purgeUrl(sourceUrlOf(splitOwn(url, settings.param), settings), cursor, settings, purgeTags)
  } catch (cause) {
    if (cause instanceof SrError) throw cause
    console.error('purge failed', loggableError(cause))
    throw new SrError('PURGE_FAILED', cause instanceof Error ? cause.message : 'storage failed')
  }
  const { tags, ...body } = purged
  const byTag = tags.length > 0 ? `purged by tag: ${tags.join(', ')}` : 'purged by tag with the last page'
  const elsewhere = zone ? byTag : `gone within ${settings.edgeTtlSeconds} s`
  return Response.json({ ...body, elsewhere }, { headers: { 'cache-control': 'no-store' } })
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

/** Purges the edge caches of all data centres: https://developers.cloudflare.com/api/resources/cache/methods/purge/ */
async function purgeElsewhere(tags: readonly string[], { id, token }: NonNullable<PurgeAccess['zone']>): Promise<void> {
  for (let i = 0; i < tags.length; i += TAGS_PER_REQUEST) {
    const response = await withinTimeout(
      fetch(`https://api.cloudflare.com/client/v4/zones/${id}/purge_cache`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ tags: tags.slice(i, i + TAGS_PER_REQUEST) }),
      }),
      ZONE_TIMEOUT_MS,
    )
    if (!response.ok) throw new Error(`the zone's purge API answered ${response.status}: purge again when it works`)
    await response.body?.cancel()
  }
}

/** Compares two texts in a time that does not depend on how many of their characters are equal. */
async function isEqual(one: string, other: string): Promise<boolean> {
  const digest = (text: string) => crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  const [a, b] = await Promise.all([digest(one), digest(other)])
  return crypto.subtle.timingSafeEqual(a, b)
}
