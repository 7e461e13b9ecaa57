// THE request, top to bottom: known already? then the answer; else read, decode, upscale, encode,
// keep. Whatever fails on the way, the visitor gets the original picture and the log the cause.
import { inheritedHeaders, isKnown, originalResponse, resultResponse } from './answer.ts'
import { type Bytes, type Entry, etagOf, type Found, type Key, lookupKey, type ResultCache } from '../cache/cache.ts'
import { type Header, readHeader } from '../codec/header.ts'
import { describe } from './describe.ts'
import { sha256 } from '../base/sha256.ts'
import { SrError } from '../base/errors.ts'
import { type Flights, isLead, type Lead } from './singleFlight.ts'
import { freshnessOf, isTheirOwn } from '../origin/freshness.ts'
import { makeFile } from '../picture/makeFile.ts'
import { labelOf, type Models } from '../picture/models.ts'
import type { Settings } from '../options.ts'
import type { Format } from '../client/allowed.ts'
import { formatXSr } from '../client/xSr.ts'
import type { Params } from './params.ts'
import { type Choices, choicesOf, type Decision, decide } from '../picture/plan.ts'
import type { Platform } from '../platform/platform.ts'
import { Skip, type SkipReason } from '../picture/skip.ts'
import type { Slots } from './slots.ts'
import { requireMiss } from './rateLimit.ts'
import { readSource, requireChangeable, type Source } from '../origin/source.ts'

/** What a request works with. */
export interface Deps extends Omit<Platform, 'bundled'> {
  readonly settings: Settings
  readonly models: Models
  readonly slots: Slots
  readonly flights: Flights<Made>
  readonly cache: ResultCache
  /** Keeps the isolate alive for work that no visitor waits for. */
  readonly waitUntil: (work: Promise<unknown>) => void
  readonly nowMs: () => number
}

/** How a picture is come by. */
export interface Asking {
  readonly source: Source
  /**
   * The answer to the visitor's own request, as it is, with the reason why nothing was made of it. What
   * `source` gave, and its body where that was read already, serve where nothing else can be had.
   */
  readonly visitorsOwn: (reason: SkipReason, original: Response, body?: Bytes) => Promise<Response>
}

/** A result, and what its answer says beside it. */
export interface Made {
  readonly entry: Entry
  /** Undefined: not made, as nobody wants to see it. */
  readonly bytes: Bytes | undefined
  /** See AboutResult. */
  readonly cacheStatus: string
  readonly ttlSeconds: number
}

/** Answers a GET or HEAD whose parameters are `want`. Rejects only where the origin gave no answer. */
export async function serveUpscaled(request: Request, want: Params, asking: Asking, deps: Deps): Promise<Response> {
  const { settings, cache, flights, nowMs } = deps
  const choices = await choicesOf(want, deps)
  const format = negotiate(want.format, request.headers.get('accept'))
  if (want.isPlanOnly) return describe(request, want, format, choices, asking.source, deps)
  const key = await lookupKey(want, format, choices, settings, deps.engines)
  const answer = ({ entry, bytes, cacheStatus, ttlSeconds }: Made, isMade = true) => {
    // Nobody keeps what a signed URL gave for longer than that is good for.
    const end = settings.signing && want.endsAt !== undefined ? want.endsAt - Math.floor(nowMs() / 1000) : Infinity
    return resultResponse(request, entry, isMade, bytes, {
      cacheStatus,
      ttlSeconds: Math.min(ttlSeconds, entry.browserSeconds ?? Infinity, end),
      variesByAccept: want.format === 'auto',
    })
  }

  const found = await cache.find(key)
  if (found && nowMs() < found.entry.freshUntil) {
    const { entry, bytes, layer } = found
    const hit = {
      entry,
      cacheStatus: `hit; detail=${layer}`,
      ttlSeconds: Math.floor((entry.freshUntil - nowMs()) / 1000),
    }
    if (bytes || isKnown(request, entry.etag, entry.sourceModified)) return answer({ ...hit, bytes })
  }
  const wanted = { request, want, format, choices, key, found }
  if (request.method === 'HEAD') {
    const outcome = await renew(wanted, asking, deps)
    return outcome instanceof Response ? outcome : answer(outcome, outcome.bytes !== undefined)
  }
  const joined = await flights.join(`${key.source}/${key.variant}`, settings.maxWaitMs)
  if (joined && !isLead(joined) && joined.value) {
    return answer({ ...joined.value, cacheStatus: `${joined.value.cacheStatus}; collapsed` })
  }
  if (!joined) {
    const original = await asking.source({})
    if (original.status !== 200) return asking.visitorsOwn('ORIGIN_STATUS', original)
    if (isTheirOwn(request, freshnessOf(original.headers, settings, nowMs())))
      return asking.visitorsOwn('CREDENTIALS', original)
    return originalResponse(request, original, 'BUSY')
  }
  // A leader goes on when its own visitor leaves: others wait for it.
  const lead = isLead(joined) ? joined : undefined
  const work = renew(wanted, asking, deps, lead)
  deps.waitUntil(work.catch(() => {}))
  const outcome = await work
  return outcome instanceof Response ? outcome : answer(outcome)
}

/** What is wanted, and what is known of it from before, stale. */
interface Wanted {
  readonly request: Request
  readonly want: Params
  readonly format: Format
  readonly choices: Choices
  readonly key: Key
  readonly found: Found | undefined
}

/** Asks the origin and makes what is new; a Response where the visitor gets something else than a result. */
async function renew(
  { request, want, format, choices, key, found: before }: Wanted,
  { source, visitorsOwn }: Asking,
  deps: Deps,
  lead?: Lead<Made>,
): Promise<Made | Response> {
  const { settings, cache, nowMs } = deps
  /** Keeps what others may have, too, and says so to those who wait. */
  const keep = (made: Made, isNew = false): Made => {
    lead?.land(made)
    deps.waitUntil(cache.keep(key, made.entry, made.bytes, isNew).finally(() => lead?.forget()))
    return made
  }
  const { entry: found, bytes: stored } = before ?? {}
  /** While the origin fails: what it gave before, if it lets that be served. */
  const stale = (status?: number): Made | undefined => {
    if (!found || !stored || nowMs() >= found.freshUntil + 1000 * (found.staleSeconds ?? 0)) return undefined
    const fwd = `fwd=stale${status === undefined ? '' : `; fwd-status=${status}`}`
    return { entry: found, bytes: stored, cacheStatus: `${fwd}; detail=stale-if-error`, ttlSeconds: STALE_TTL_SECONDS }
  }
  let original: Response | undefined
  let bytes: Bytes | undefined
  let header: Header | undefined
  try {
    // Asking whether it changed is of use only while the bytes to serve are still here.
    original = await source(found && stored ? validatorsOf(found) : {})
    const freshness = freshnessOf(original.headers, settings, nowMs())
    const isTheirs = isTheirOwn(request, freshness)
    const isOver =
      original.status < 500 && (!freshness.isStorable || freshness.isFixed || GONE.includes(original.status))
    if (found && isOver) deps.waitUntil(cache.keep(key, { ...found, ...OVER }, undefined))
    if (found && stored && original.status === 304) {
      if (freshness.isFixed) return await visitorsOwn('NO_TRANSFORM', original)
      if (isTheirs) return await visitorsOwn('CREDENTIALS', original)
      if (isOver) return { entry: found, bytes: stored, cacheStatus: 'fwd=stale; fwd-status=304', ttlSeconds: -1 }
      // A 304 that does not speak of lifetimes leaves the old ones standing (RFC 9111, 3.2).
      const ttlSeconds = freshness.ttlSeconds ?? found.ttlSeconds
      const { staleSeconds, browserSeconds } = original.headers.has('cache-control') ? freshness : found
      const entry = { ...found, ttlSeconds, staleSeconds, browserSeconds, freshUntil: nowMs() + 1000 * ttlSeconds }
      return keep({ entry, bytes: stored, cacheStatus: 'fwd=stale; fwd-status=304; stored', ttlSeconds })
    }
    const old = original.status >= 500 ? stale(original.status) : undefined
    if (old) {
      await original.body?.cancel()
      return old
    }
    if (original.status !== 200) return await visitorsOwn('ORIGIN_STATUS', original)
    if (isTheirs) return await visitorsOwn('CREDENTIALS', original)
    requireChangeable(original.headers, freshness)
    const read = await readSource(original, settings)
    if (read.tooLarge) return originalResponse(request, original, 'SOURCE_BYTES', read.tooLarge)
    bytes = read.bytes
    header = readHeader(bytes)
    if (header.type === 'unknown') return await visitorsOwn('NOT_AN_IMAGE', original, bytes) // a page to log in, say
    const ttlSeconds = freshness.ttlSeconds ?? settings.defaultTtlSeconds
    const decision = await decide(header, bytes.length, want, format, choices, deps)
    const { plan, model } = decision
    const digest = await sha256(bytes)
    let same: Bytes | undefined
    /** Another URL of the same picture may have brought it here. */
    const readSame = async () => (same = freshness.isStorable ? await cache.read(digest, key) : undefined)
    const isWanted = request.method !== 'HEAD'
    const result =
      (await readSame()) ?? (isWanted ? await make(bytes, header, decision, readSame, request, deps) : undefined)
    const entry: Entry = {
      digest,
      etag: await etagOf(digest, key),
      type: `image/${plan.format}`,
      size: result?.length ?? 0,
      sr: formatXSr({
        outcome: 'done',
        scale: plan.scale,
        size: want.size.scale === undefined ? plan : undefined,
        model: labelOf(plan.model),
        engine: model?.engine.name,
      }),
      sourceEtag: original.headers.get('etag') ?? undefined,
      sourceModified: original.headers.get('last-modified') ?? undefined,
      inherited: inheritedHeaders(original.headers),
      ttlSeconds,
      browserSeconds: freshness.browserSeconds,
      staleSeconds: freshness.staleSeconds,
      freshUntil: nowMs() + 1000 * ttlSeconds,
    }
    const fwd = `fwd=${found ? 'stale' : 'miss'}`
    const made = { entry, bytes: result, cacheStatus: fwd, ttlSeconds: freshness.isStorable ? ttlSeconds : -1 }
    if (!freshness.isStorable || !result) return made
    const cacheStatus = `${fwd}${cache.keeps ? '; stored' : ''}${same ? '; detail=same-picture' : ''}`
    return keep({ ...made, cacheStatus }, !same)
  } catch (error) {
    if (error instanceof SrError || !original) {
      const old = stale()
      if (!old) throw error
      return old
    }
    const reason = error instanceof Skip ? error.reason : 'INTERNAL'
    if (!(error instanceof Skip) || error.cause) console.error(`${reason}: ${want.sourceUrl}`, error)
    return originalResponse(request, original, reason, bytes, header)
  } finally {
    lead?.land(undefined) // of no effect where something was kept
  }
}

/** Where an origin says so a picture is not served from before, should the origin fail later. */
const GONE = [404, 410]
/** Of an entry that is no longer ours to keep, or to change: the next one to come asks for the whole picture. */
const OVER = { sourceEtag: undefined, sourceModified: undefined, freshUntil: 0, staleSeconds: 0 }

/** How long others may keep what was served while the origin failed. */
const STALE_TTL_SECONDS = 60

/** Bytes to larger bytes, alone in the isolate, or what somebody else made of them meanwhile. Throws a Skip for whatever fails. */
async function make(
  bytes: Bytes,
  header: Header,
  decision: Decision,
  readSame: () => Promise<Bytes | undefined>,
  request: Request,
  deps: Deps,
): Promise<Bytes> {
  const { settings, slots } = deps
  await requireMiss(request, settings)
  const done = await slots.run(settings, async (hasWaited) => {
    const same = hasWaited ? await readSame() : undefined
    return same ?? makeFile(bytes, header, decision, deps)
  })
  if (!done) throw new Skip('BUSY')
  return done.value
}

function validatorsOf({ sourceEtag, sourceModified }: Entry) {
  return { etag: sourceEtag, modified: sourceModified }
}

/** `auto` is WebP for whoever names it in Accept, else the format that came in. */
function negotiate(format: Format, accept: string | null): Format {
  if (format !== 'auto') return format
  const accepted = (accept ?? '').split(',').map((range) =>
    range
      .toLowerCase()
      .split(';')
      .map((part) => part.trim()),
  )
  const isWebp = accepted.some(
    ([type, ...params]) => type === 'image/webp' && !params.some((param) => /^q=0(\.0*)?$/.test(param)),
  )
  return isWebp ? 'webp' : 'source'
}
