// Answers a request. The file shows the steps in their order: if a fresh result is stored, it is the answer. Otherwise
// the source is read, decoded, enlarged and encoded, and the result is stored. If anything fails on the way, the
// visitor gets the original picture and the log gets the cause.
import { discard } from '../base/discard.ts'
import { SrError } from '../base/errors.ts'
import { loggableError, loggableUrl } from '../base/loggable.ts'
import { release } from '../base/release.ts'
import { sha256 } from '../base/sha256.ts'
import type { CachedResult, ResultCache } from '../cache/cache.ts'
import type { Entry } from '../cache/entry.ts'
import { etagOf, type Key, lookupKey, resultVariant } from '../cache/key.ts'
import type { FileBody } from '../cache/stores.ts'
import { formatXSr } from '../client/xSr.ts'
import { type Header, type ImageType, readHeader } from '../codec/header.ts'
import type { Settings } from '../options.ts'
import { deploymentsPassed } from '../origin/deployments.ts'
import {
  completed304,
  type Freshness,
  freshnessOf,
  headersFor304,
  isForVisitorAlone,
  statesPolicy,
} from '../origin/freshness.ts'
import {
  type FetchSource,
  openSource,
  requireChangeable,
  type SourceReader,
  type Validators,
} from '../origin/source.ts'
import { makeFile } from '../picture/makeFile.ts'
import { labelOf, type Models } from '../picture/models.ts'
import { type Choices, choicesOf, type Decision, decide } from '../picture/plan.ts'
import { FAILURE_REASONS, Skip, type SkipReason } from '../picture/skip.ts'
import type { Wish } from '../picture/wish.ts'
import type { Platform } from '../platform/platform.ts'
import { inheritedHeaders, originalResponse, PASSING_TTL_SECONDS, renewedHeaders, resultResponse } from './answer.ts'
import { describe } from './describe.ts'
import { listedWish } from './listed.ts'
import { inCommonFormat, negotiate, suits } from './negotiate.ts'
import type { Params } from './params.ts'
import { isAllowed, unitsOf } from './rateLimit.ts'
import { type Flights, isLead, type Lead } from './singleFlight.ts'
import { type HeldSource, longestMs, type Turn, type Turns } from './turns.ts'

/** Everything that is needed to answer a request. */
export interface Deps extends Omit<Platform, 'bundled'> {
  readonly settings: Settings
  readonly models: Models
  readonly turns: Turns
  /** Name of the visitor, among whom turns go round. Visitors without a name have an empty one. */
  readonly visitor: string
  readonly flights: Flights<ServedResult>
  readonly cache: ResultCache
  /** Keeps the isolate alive for work that no visitor waits for. */
  readonly waitUntil: (work: Promise<unknown>) => void
  readonly nowMs: () => number
}

/** The two ways to get the original picture. */
export interface Upstream {
  readonly fetchSource: FetchSource
  /**
   * Returns the origin's answer to the visitor's own request, and adds only the reason why the picture was not
   * enlarged. If the handlers below cannot be called again, returns `original` (from `fetchSource`) or a redirect to
   * the original. `body` is the body of `original`, if it was already read, at least in part.
   */
  readonly answerAsOriginal: (reason: SkipReason, original: Response, body?: FileBody) => Promise<Response>
}

/** A result, with the cache status and the lifetime that its response states. */
export interface ServedResult {
  readonly entry: Entry
  /** Undefined if the result was not made, because a HEAD request does not need it. */
  readonly bytes: Uint8Array | undefined
  /** See ResultHeaders. */
  readonly cacheStatus: string
  readonly ttlSeconds: number
  /** Settles when nothing but answers needs the bytes. Undefined if that is not known. */
  readonly whenFree?: Promise<void>
}

/** Answers a GET or HEAD request. Rejects only if the origin gave no answer. */
export async function serveUpscaled(
  request: Request,
  params: Params,
  upstream: Upstream,
  deps: Deps,
): Promise<Response> {
  const { settings, cache, flights, nowMs } = deps
  const { sourceUrl, endsAt } = params
  const listed = listedWish(params.wish, settings)
  const choices = await choicesOf(listed, deps)
  const wish = { ...listed, format: negotiate(listed.format, request.headers.get('accept')) }
  if (params.isDescriptionOnly) return describe(request, wish, choices, upstream.fetchSource, deps)
  const key = await lookupKey(wish, sourceUrl, choices, settings, deps.engines)
  const answer = (
    { entry, cacheStatus, ttlSeconds }: Omit<ServedResult, 'bytes'>,
    body: FileBody | undefined,
    isMade = true,
  ) => {
    // A cache may keep the answer to a signed URL until the URL expires, and no longer.
    const secondsToEnd = settings.signing && endsAt !== undefined ? endsAt - Math.floor(nowMs() / 1000) : Infinity
    return resultResponse(request, entry, isMade, body, {
      cacheStatus,
      ttlSeconds: Math.min(ttlSeconds, entry.browserSeconds ?? Infinity, secondsToEnd),
      variesByAccept: listed.format === 'auto',
    })
  }

  // If a fresh result is stored, it is the answer: the origin is not asked, and nothing is read or decoded. A fresh entry
  // whose result is no longer stored answers nothing, not even with 304, because a purge may have deleted the result.
  const cached = await cache.find(key)
  const isSkip = rememberedSkip(cached, nowMs()) !== undefined
  if (cached?.body && !isSkip && nowMs() < cached.entry.freshUntil) {
    const { entry, body, layer } = cached
    const ttlSeconds = Math.floor((entry.freshUntil - nowMs()) / 1000)
    return answer({ entry, cacheStatus: `hit; detail=${layer}`, ttlSeconds }, body)
  }
  const miss = { request, wish, sourceUrl, choices, key, cached }
  discard(cached?.body) // it is read again if the origin confirms it or fails

  // A HEAD request makes nothing, so it has nothing to share with equal requests, nor has an original that is passed on.
  // A request that a deployment of this worker sent may come from an equal one of ours, which it must not wait for.
  if (request.method === 'HEAD' || isSkip || deploymentsPassed(request).length > 0) {
    const outcome = await renew(miss, upstream, deps)
    return outcome instanceof Response ? outcome : answer(outcome, outcome.bytes, outcome.bytes !== undefined)
  }

  // If equal requests arrive at the same time, one of them leads and the others share its result.
  const joined = await flights.join(`${key.source}/${key.variant}`, settings.maxWaitMs, leaseMsOf(settings))
  if (joined && !isLead(joined) && joined.value) {
    const { bytes, ...shared } = joined.value
    return answer({ ...shared, cacheStatus: `${shared.cacheStatus}; collapsed` }, bytes)
  }
  // If the leader takes too long, the visitor gets the original.
  if (!joined) return passOn('BUSY', request, upstream, deps)
  // A leader goes on after its own visitor has left, because others wait for its result.
  const lead = isLead(joined) ? joined : undefined
  const work = renew(miss, upstream, deps, lead)
  deps.waitUntil(work.catch(() => {}))
  const outcome = await work
  if (outcome instanceof Response) return outcome
  const response = answer(outcome, outcome.bytes)
  if (deps.copiesBodies) deps.waitUntil(freeResult(outcome, lead))
  return response
}

/** Returns the longest time in ms that a leader takes: for the origin's answer, and from there to the result. */
function leaseMsOf(settings: Settings): number {
  return settings.originTimeoutMs + longestMs(settings)
}

/** Answers with the original, which the origin is asked for, and whose body is passed on unread. */
async function passOn(
  reason: SkipReason,
  request: Request,
  upstream: Upstream,
  { settings, nowMs }: Deps,
): Promise<Response> {
  const { fetchSource, answerAsOriginal } = upstream
  const original = await fetchSource({})
  if (original.status !== 200) return answerAsOriginal('ORIGIN_STATUS', original)
  const freshness = freshnessOf(original.headers, settings, nowMs())
  if (isForVisitorAlone(request, freshness)) return answerAsOriginal('CREDENTIALS', original)
  return originalFor(request, original, reason, upstream)
}

/** Answers with the original, or as the origin answers the visitor, if their Accept rules this original out. */
async function originalFor(
  request: Request,
  original: Response,
  reason: SkipReason,
  { answerAsOriginal }: Upstream,
  body?: FileBody,
  mime?: string,
): Promise<Response> {
  if (!suits(request, original.headers, mime)) return answerAsOriginal(reason, original, body)
  return originalResponse(request, original, reason, body, mime)
}

/** Reasons that hold as long as the picture and the limits, which are part of the key, are the same. */
const LASTING: readonly SkipReason[] = [
  'ANIMATED',
  'FORMAT',
  'CMYK',
  'DAMAGED',
  'TOO_COMPLEX',
  'SOURCE_BYTES',
  'SOURCE_PIXELS',
  'OUTPUT_PIXELS',
  'SAME_SIZE',
  'COST',
]

/**
 * Stores why a picture is served unchanged, so that its header is not read again while it is fresh. A damaged file whose
 * length the origin does not state may have been cut off on its way, so it is looked at again soon.
 */
function rememberSkip(
  reason: SkipReason,
  { headers }: Response,
  mime: string | undefined,
  { key }: Miss,
  deps: Deps,
): void {
  if (!LASTING.includes(reason)) return
  const { cache, settings, nowMs, waitUntil } = deps
  const freshness = freshnessOf(headers, settings, nowMs())
  if (!freshness.isStorable) return
  const lifetime = lifetimeOf(freshness, deps)
  const mostSeconds = reason === 'DAMAGED' && !headers.has('content-length') ? PASSING_TTL_SECONDS : Infinity
  const entry: Entry = {
    digest: '',
    result: '',
    etag: '',
    type: mime ?? '',
    size: 0,
    sr: formatXSr({ outcome: 'skipped', reason }),
    skipped: { reason, file: fileOf(headers) },
    ...lifetime,
    freshUntil: Math.min(lifetime.freshUntil, nowMs() + 1000 * mostSeconds),
  }
  waitUntil(cache.keep(key, entry, undefined))
}

/** Returns what an origin says about the file that it sends. */
function fileOf(headers: Headers): string {
  return ['etag', 'last-modified', 'content-type', 'content-length'].map((name) => headers.get(name) ?? '').join('|')
}

/** Returns why and of which file the picture was served unchanged, if it was, and if that is fresh. */
function rememberedSkip(cached: CachedResult | undefined, nowMs: number): Entry['skipped'] {
  return cached && nowMs < cached.entry.freshUntil ? cached.entry.skipped : undefined
}

/** A request whose result is not stored, or stored but stale. */
interface Miss {
  readonly request: Request
  /** The wish, with its format already negotiated. */
  readonly wish: Wish
  readonly sourceUrl: string
  readonly choices: Choices
  readonly key: Key
  /** The stale result, if one is stored. Its body is discarded; ResultCache.reread reads it again. */
  readonly cached: CachedResult | undefined
}

/** A source file that was read, and its header. */
interface Picture {
  readonly bytes: Uint8Array
  readonly header: Header
}

/**
 * Asks the origin, and makes the result if the stored one cannot be used. Returns a Response if the visitor gets
 * something other than a result, such as the original.
 */
async function renew(
  miss: Miss,
  upstream: Upstream,
  deps: Deps,
  lead?: Lead<ServedResult>,
): Promise<ServedResult | Response> {
  const { request, wish, choices, key, cached } = miss
  const cacheStatus = `fwd=${cached ? 'stale' : 'miss'}`
  const { settings, cache, turns, visitor } = deps
  const { fetchSource, answerAsOriginal } = upstream
  const held = turns.holdSource(visitor, settings)
  let original: Response | undefined
  let source: SourceReader | undefined
  let header: Header | undefined
  let turn: Turn | undefined
  let stored: ServedResult | undefined
  try {
    if (!(await isAllowed(visitor, settings))) return await passOn('RATE', request, upstream, deps)

    // Ask the origin. Send validators only if the bytes that a 304 would confirm are still stored.
    original = await fetchSource(cached?.body ? validatorsOf(cached.entry) : {})
    const said =
      original.status === 304 ? completed304(original.headers, cached?.entry.headersFor304) : original.headers
    const freshness = freshnessOf(said, settings, deps.nowMs())
    const isVisitors = isForVisitorAlone(request, freshness)
    const isRefused = isRefusal(original.status)
    const isRefusedForGood = isRefused && deps.nowMs() >= (cached?.entry.refusedAt ?? Infinity) + REFUSAL_MS
    const isRevoked = isRefusedForGood || isNoLongerAllowed(original.status, freshness)

    // If the origin confirms the stored result, read it, before its entry may be invalidated.
    const isConfirmed = cached?.body !== undefined && original.status === 304
    const confirmed = isConfirmed ? await cache.reread(key, cached) : undefined

    // Invalidate an entry that the origin no longer allows us to keep.
    if (isRevoked) invalidate(miss, deps)

    // Serve the confirmed result. If it was lost meanwhile, the visitor gets the original.
    if (isConfirmed) {
      if (freshness.isFixed) return await answerAsOriginal('NO_TRANSFORM', original)
      if (isVisitors) return await answerAsOriginal('CREDENTIALS', original)
      if (!confirmed) return await answerAsOriginal('INTERNAL', original)
      const asConfirmed = 'fwd=stale; fwd-status=304'
      if (isRevoked) return { entry: cached.entry, bytes: confirmed, cacheStatus: asConfirmed, ttlSeconds: -1 }
      const entry = confirmedEntry(cached.entry, original, said, freshness, wish, deps.nowMs())
      const { ttlSeconds } = entry
      return keep({ entry, bytes: confirmed, cacheStatus: `${asConfirmed}; stored`, ttlSeconds }, key, deps, lead)
    }

    // If the origin fails, serve the stale result, provided that the origin allowed this.
    const isFailing = original.status >= 500 || (isRefused && !isRefusedForGood)
    const stale = isFailing ? await staleResult(miss, deps, original.status) : undefined
    if (stale) {
      if (isRefused) noteRefusal(stale, miss, deps)
      discard(original.body)
      return stale
    }

    // If the origin sent no picture, or may send this visitor a different one, the visitor gets the answer to their own
    // request.
    if (original.status !== 200) return await answerAsOriginal('ORIGIN_STATUS', original)
    if (isVisitors) return await answerAsOriginal('CREDENTIALS', original)
    if (!isRevoked) await forgetRefusal(miss, deps)

    // Pass on a picture that was served unchanged, if the origin still sends the same file.
    const skipped = rememberedSkip(cached, deps.nowMs())
    if (skipped && freshness.isStorable && skipped.file === fileOf(original.headers)) {
      return await originalFor(request, original, skipped.reason, upstream, undefined, cached!.entry.type)
    }

    // Decide from the first bytes whether and how to enlarge the picture, so that no other one is held.
    requireChangeable(original.headers, freshness)
    const isHead = request.method === 'HEAD'
    source = openSource(original, settings, isHead ? request.signal : undefined)
    header = await readHead(source, held)
    // A body that is not an image may be a login page, so the visitor gets the answer to their own request, and the old
    // result, which the page replaced, is not served any more.
    if (header?.type === 'unknown') {
      if (!isRevoked) invalidate(miss, deps)
      return await answerAsOriginal('NOT_AN_IMAGE', original, source.body())
    }
    const decideFor = (read: Header, bytes: number) =>
      decide({ header: read, bytes }, inCommonFormat(wish, read, said), choices, deps)
    const early = header && (await decideFor(header, source.statedBytes ?? source.size))
    if (isHead) {
      if (!early) throw new Skip('BUSY') // nobody holds a whole file for a HEAD request
      source.cancel()
      const entry = await entryOf(original, freshness, '', undefined, { ...early, type: header!.type }, miss, deps)
      return { entry, bytes: undefined, cacheStatus, ttlSeconds: freshness.isStorable ? entry.ttlSeconds : -1 }
    }

    // Take a place in the queue, and read the whole picture.
    const cost = early?.cost ?? { cpuMs: settings.maxCpuMs, memoryBytes: settings.maxMemoryBytes }
    if (!(await isAllowed(visitor, settings, unitsOf(cost.cpuMs)))) throw new Skip('RATE')
    const isWanted = () => !request.signal.aborted || lead?.isAwaited() === true
    turn = turns.enter({ visitor, ...cost }, held, settings, isWanted)
    const isReadAgain = !source.isWhole
    const expected = expectedBytes(source, header, settings)
    if (!(await turn?.roomFor(expected))) throw new Skip('BUSY')
    await source.readAll(expected, held.tryHold)
    const bytes = source.bytes()
    held.resize(bytes.length)
    if (!header || isReadAgain) header = readHeader(bytes)
    const decision = early && !isReadAgain ? early : await decideFor(header, bytes.length)

    // Use the result of the same picture under another URL if it is stored; otherwise make it.
    const digest = await sha256(bytes)
    const result = await findOrMake({ bytes, header }, digest, decision, freshness, turn!, miss, deps)

    // Keep the result if the origin allows this.
    const made = { ...decision, type: header.type }
    const entry = await entryOf(original, freshness, digest, result.bytes, made, miss, deps)
    release(bytes) // nothing can fail any more, so the original is not needed
    held.resize(result.bytes.length)
    if (!freshness.isStorable) {
      return { entry, bytes: result.bytes, cacheStatus, ttlSeconds: -1, whenFree: Promise.resolve() }
    }
    const { ttlSeconds } = entry
    const details = `${cache.keeps ? '; stored' : ''}${result.isShared ? '; detail=same-picture' : ''}`
    const served = { entry, bytes: result.bytes, cacheStatus: `${cacheStatus}${details}`, ttlSeconds }
    stored = keep(served, key, deps, lead, !result.isShared)
    return stored
  } catch (error) {
    // If the origin gave no answer or broke off, serve the stale result, provided that the origin allowed this.
    if (error instanceof SrError || !original) {
      const stale = await staleResult(miss, deps)
      if (!stale) throw error
      return stale
    }
    // After any other failure, the visitor gets the original and the log gets the cause.
    const reason = error instanceof Skip ? error.reason : 'INTERNAL'
    if (FAILURE_REASONS.includes(reason))
      console.error(`${reason}: ${loggableUrl(miss.sourceUrl)}`, loggableError(error))
    const mime = header && header.type !== 'unknown' ? header.mime : undefined
    rememberSkip(reason, original, mime, miss, deps)
    return await originalFor(request, original, reason, upstream, source?.body(), mime)
  } finally {
    turn?.end()
    // A result takes memory until it is stored, as its source did before.
    void Promise.resolve(stored?.whenFree).finally(held.release)
    lead?.land(undefined) // has no effect if a result was kept
  }
}

/** Frees the bytes of a result that has been answered, unless equal requests answer with them, too. */
async function freeResult({ bytes, whenFree }: ServedResult, lead: Lead<ServedResult> | undefined): Promise<void> {
  if (!bytes || !whenFree) return
  await whenFree
  if (!lead?.isShared()) release(bytes)
}

/** Stores a result that other visitors may get, and shares it with the equal requests that wait for it. */
function keep(
  result: ServedResult,
  key: Key,
  { cache, waitUntil }: Deps,
  lead: Lead<ServedResult> | undefined,
  isNew = false,
): ServedResult {
  lead?.land(result)
  const kept = cache.keep(key, result.entry, result.bytes, isNew).finally(() => lead?.forget())
  waitUntil(kept)
  return { ...result, whenFree: kept }
}

/**
 * Returns true if the origin's answer withdraws what an earlier one allowed: to keep a result, or to change the
 * picture. A redirect that was not followed is one to another place, such as a page to log in.
 */
function isNoLongerAllowed(status: number, { isStorable, isFixed }: Freshness): boolean {
  if (status < 300 || status === 304) return !isStorable || isFixed
  return status < 400 || ENDING.includes(status)
}

/**
 * Statuses after which a stored result is no longer served, even if the origin fails later: the picture is gone, or is
 * no longer for everybody.
 */
const ENDING = [401, 402, 404, 410, 451]
/** Statuses that say nothing about the picture, but that the origin has too much to do. */
const TOO_BUSY = [408, 425, 429]

/**
 * Returns true for a status that may withdraw the picture (403), or may be that of a firewall which refuses our request
 * for a while. Firewalls use most statuses of this class. So the first one counts as a failure of the origin, and only
 * one that comes REFUSAL_MS later or after that, without a success between, withdraws the picture.
 */
function isRefusal(status: number): boolean {
  return status >= 400 && status < 500 && !ENDING.includes(status) && !TOO_BUSY.includes(status)
}

const REFUSAL_MS = 60_000

/** Stores when the origin first refused the picture, unless that is stored already. */
function noteRefusal({ entry, bytes }: ServedResult, { key }: Miss, { cache, nowMs, waitUntil }: Deps): void {
  if (entry.refusedAt === undefined) waitUntil(cache.keep(key, { ...entry, refusedAt: nowMs() }, bytes))
}

/**
 * Removes the time of a refusal, if one is stored, because the origin sends the picture again. Not every such answer
 * leads to a new entry: a HEAD request makes none. Resolves when that is stored, so that a new entry is stored later.
 */
async function forgetRefusal({ key, cached }: Miss, { cache }: Deps): Promise<void> {
  if (!cached?.body || cached.entry.refusedAt === undefined) return
  const bytes = await cache.reread(key, cached)
  if (bytes) await cache.keep(key, { ...cached.entry, refusedAt: undefined }, bytes)
}

/** Invalidates a stored entry that the origin no longer allows us to keep. */
function invalidate({ key, cached }: Miss, { cache, waitUntil }: Deps): void {
  if (cached) waitUntil(cache.keep(key, { ...cached.entry, ...INVALIDATED }, undefined))
}

/**
 * Replaces these fields of an invalid entry. Without validators and freshness in the entry, the next request fetches the
 * whole source.
 */
const INVALIDATED = { sourceEtag: undefined, sourceModified: undefined, freshUntil: 0, staleSeconds: 0 }

function validatorsOf({ sourceEtag, sourceModified }: Entry): Validators {
  return { etag: sourceEtag, modified: sourceModified }
}

/**
 * Returns the entry with the lifetimes and other headers that a 304 states. `completed`: see completed304. What the 304 does not state, the entry keeps
 * (RFC 9111, 3.2).
 */
function confirmedEntry(
  entry: Entry,
  { headers }: Response,
  completed: Headers,
  freshness: Freshness,
  { format }: Wish,
  nowMs: number,
): Entry {
  const ttlSeconds = freshness.ttlSeconds ?? entry.ttlSeconds
  const { staleSeconds, browserSeconds } = statesPolicy(headers) ? freshness : entry
  return {
    ...entry,
    inherited: renewedHeaders(entry.inherited ?? {}, headers, format === 'source'),
    headersFor304: headersFor304(completed),
    refusedAt: undefined,
    ttlSeconds,
    staleSeconds,
    browserSeconds,
    freshUntil: nowMs + 1000 * ttlSeconds,
  }
}

/** Returns the stored result if it may still be served stale after a failure of the origin (RFC 5861). */
async function staleResult(
  { key, cached }: Miss,
  { cache, nowMs }: Deps,
  status?: number,
): Promise<ServedResult | undefined> {
  if (!cached?.body) return undefined
  const { entry } = cached
  if (nowMs() >= entry.freshUntil + 1000 * (entry.staleSeconds ?? 0)) return undefined
  const bytes = await cache.reread(key, cached)
  if (!bytes) return undefined
  const fwd = `fwd=stale${status === undefined ? '' : `; fwd-status=${status}`}`
  return { entry, bytes, cacheStatus: `${fwd}; detail=stale-if-error`, ttlSeconds: STALE_TTL_SECONDS }
}

/** How long browsers and caches may keep a result that was served because the origin failed. */
const STALE_TTL_SECONDS = 60

/** Returns the entry of a new result, with the metadata that the origin sent for its source. */
async function entryOf(
  { headers }: Response,
  freshness: Freshness,
  digest: string,
  result: Uint8Array | undefined,
  decision: Decision & { readonly type: ImageType },
  { wish }: Miss,
  deps: Deps,
): Promise<Entry> {
  const { plan, model, type } = decision
  const variant = resultVariant(decision)
  return {
    digest,
    result: variant,
    etag: await etagOf(digest, variant),
    type: `image/${plan.format}`,
    size: result?.length ?? 0,
    sr: formatXSr({
      outcome: 'done',
      scale: plan.scale,
      size: wish.size.scale === undefined ? plan : undefined,
      asked: plan.asked,
      model: labelOf(plan.model),
      engine: model?.engine.name,
      quality: plan.format === 'png' ? undefined : plan.quality,
    }),
    sourceEtag: headers.get('etag') ?? undefined,
    sourceModified: headers.get('last-modified') ?? undefined,
    inherited: inheritedHeaders(headers, {
      isSameType: type === plan.format,
      followsSource: wish.format === 'source',
    }),
    headersFor304: headersFor304(headers),
    ...lifetimeOf(freshness, deps),
  }
}

/** Returns the lifetimes of a new entry. */
function lifetimeOf(
  { ttlSeconds: stated, browserSeconds, staleSeconds }: Freshness,
  { settings, nowMs }: Deps,
): Pick<Entry, 'ttlSeconds' | 'browserSeconds' | 'staleSeconds' | 'freshUntil'> {
  const ttlSeconds = stated ?? settings.defaultTtlSeconds
  return { ttlSeconds, browserSeconds, staleSeconds, freshUntil: nowMs() + 1000 * ttlSeconds }
}

/** Bytes of the first look at a picture, and of the last one. Thumbnails, profiles and maps can precede the header's end. */
const FIRST_LOOK_BYTES = 2 ** 16
const LAST_LOOK_BYTES = 2 ** 20

/**
 * Reads the header from as few bytes as it takes. Returns undefined if it is longer than LAST_LOOK_BYTES. Throws a Skip
 * if there is no room for the bytes.
 */
async function readHead(source: SourceReader, held: HeldSource): Promise<Header | undefined> {
  for (let bytes = FIRST_LOOK_BYTES; bytes <= LAST_LOOK_BYTES; bytes *= 4) {
    if (!(await held.roomForHead(bytes))) throw new Skip('BUSY')
    await source.readTo(bytes)
    held.resize(source.size)
    const header = readHeader(source.bytes(), source.isWhole ? 0 : Infinity)
    if (header.obstacle !== 'DAMAGED' || source.isWhole) return header
  }
  return undefined
}

/** Returns how many bytes a source is expected to have. Without a stated length it is guessed. */
function expectedBytes(
  { statedBytes, size, isWhole }: SourceReader,
  header: Header | undefined,
  { maxSourceBytes }: Settings,
): number {
  if (isWhole) return size
  const pixelBytes = header?.type === 'jpeg' || header?.type === 'webp' ? 1 : 4
  const guessed = header ? pixelBytes * header.width * header.height : maxSourceBytes
  return Math.min(maxSourceBytes, Math.max(size, statedBytes ?? guessed))
}

/**
 * Returns the bytes of a result. A request for another URL of the same picture may have stored them; otherwise they are
 * made when it is their turn. Throws a Skip if they cannot be made.
 */
async function findOrMake(
  { bytes, header }: Picture,
  digest: string,
  decision: Decision,
  { isStorable }: Freshness,
  turn: Turn,
  { key }: Miss,
  deps: Deps,
): Promise<{ readonly bytes: Uint8Array; readonly isShared: boolean }> {
  const stored = { digest, result: resultVariant(decision) }
  const find = async () => (isStorable ? deps.cache.read(stored, key) : undefined)
  const shared = await find()
  if (shared) return { bytes: shared, isShared: true }
  const begun = await turn.begin(decision.cost)
  if (!begun) throw new Skip('BUSY')
  // While this request waited for its turn, another one may have made the same result.
  const sharedSince = begun.hasWaited ? await find() : undefined
  if (sharedSince) return { bytes: sharedSince, isShared: true }
  return { bytes: await makeFile(bytes, header, decision, deps, turn.pause), isShared: false }
}
