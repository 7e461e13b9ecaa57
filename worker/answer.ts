// Responses: a result, or the original with the reason why it is no result. `X-SR` and
// `Cache-Status` are structured fields (RFC 9651, RFC 9211).
import type { Bytes, Entry } from './cache.ts'
import type { Header } from './codec/header.ts'
import { SAFE_HEADERS } from './errors.ts'
import { isStorable } from './freshness.ts'

/** Why a picture comes back as it was. */
export const SKIP_REASONS = {
  // What the picture is
  ANIMATED: 'more than one frame',
  FORMAT: 'a format, or a variant of one, that is not decoded here',
  CMYK: 'printing colours, whose conversion needs a profile',
  NOT_AN_IMAGE: 'no known image format',
  DAMAGED: 'the file is broken or cut short',
  TOO_COMPLEX: 'more scans, chunks or frames than any real picture has',
  // How large it is
  SOURCE_BYTES: 'the file is larger than maxSourceBytes',
  SOURCE_PIXELS: 'the picture is larger than maxSourcePixels',
  OUTPUT_PIXELS: 'the result would be larger than maxOutputPixels',
  // What the origin says
  ORIGIN_STATUS: 'the origin answered with something else than 200',
  NO_TRANSFORM: 'the origin forbids changes (Cache-Control: no-transform)',
  CREDENTIALS: 'the request has an Authorization header: the answer is for one visitor',
  // What went wrong here
  BUSY: 'too many pictures at once',
  MODEL: 'the weights are missing or damaged',
  ENGINE: 'the network did not run',
  DECODE: 'the decoder failed',
  ENCODE: 'the encoder failed',
  INTERNAL: 'a bug of ours',
} as const

export type SkipReason = keyof typeof SKIP_REASONS

/** Reasons that may be gone a moment later: nobody keeps such an answer for long. */
const PASSING: readonly SkipReason[] = ['BUSY', 'MODEL', 'ENGINE', 'DECODE', 'ENCODE', 'INTERNAL']
const PASSING_TTL_SECONDS = 60

/** Ends the work on a request with the original: thrown deep, answered once (pipeline.ts). */
export class Skip extends Error {
  override readonly name = 'Skip'
  readonly reason: SkipReason

  constructor(reason: SkipReason, options?: ErrorOptions) {
    super(SKIP_REASONS[reason], options)
    this.reason = reason
  }
}

/** `done; scale=3; model="srcnn@1a2b3c4d"; engine=ort` */
export function doneField(scale: number, model: string, engine: string | undefined): string {
  return `done; scale=${scale}; model="${model}"${engine ? `; engine=${engine}` : ''}`
}

export interface AboutResult {
  /** What follows the cache's name in `Cache-Status`. */
  readonly cacheStatus: string
  /** How long it is fresh; below zero for a result that nobody may keep. */
  readonly ttlSeconds: number
  readonly variesByAccept: boolean
}

/** A result as 200, or 304 where the visitor has it already. */
export function resultResponse(
  request: Request,
  entry: Entry,
  etag: string,
  bytes: Bytes | undefined,
  { cacheStatus, ttlSeconds, variesByAccept }: AboutResult,
): Response {
  const headers = new Headers({
    etag,
    'cache-control': cacheControlOf(ttlSeconds),
    'cache-status': `edge-srcnn; ${cacheStatus}`,
    'x-sr': entry.sr,
    ...SAFE_HEADERS,
  })
  if (entry.sourceModified) headers.set('last-modified', entry.sourceModified)
  if (variesByAccept) headers.set('vary', 'Accept')
  if (isNotModified(request, etag)) return new Response(null, { status: 304, headers })
  headers.set('content-type', entry.type)
  headers.set('content-length', `${entry.size}`)
  return new Response(request.method === 'HEAD' ? null : bytes, { headers })
}

function cacheControlOf(ttlSeconds: number): string {
  if (ttlSeconds < 0) return 'private, no-store'
  return ttlSeconds === 0 ? 'public, no-cache' : `public, max-age=${ttlSeconds}`
}

/**
 * The origin's answer as it is, plus the reason. Where its body was read already, `body` replaces it
 * and `header` tells what it was seen to be.
 */
export function originalResponse(
  request: Request,
  source: Response,
  reason: SkipReason,
  body?: BodyInit,
  header?: Header,
): Response {
  const response = new Response(body ?? source.body, source)
  response.headers.set('x-sr', `skipped; reason=${reason}`)
  if (body !== undefined) {
    // What was read is decoded, and its length may be another than that of what came.
    response.headers.delete('content-encoding')
    response.headers.delete('content-length')
  }
  if (header && header.type !== 'unknown') {
    response.headers.set('content-type', header.mime)
    for (const [name, value] of Object.entries(SAFE_HEADERS)) response.headers.set(name, value)
  }
  // What the origin meant for one visitor stays as it is, and so does what a visitor's cookies gave.
  if (PASSING.includes(reason) && isStorable(source.headers)) {
    const whose = request.headers.has('cookie') ? 'private' : 'public'
    response.headers.set('cache-control', `${whose}, max-age=${PASSING_TTL_SECONDS}`)
    response.headers.delete('expires')
  }
  const etag = response.headers.get('etag')
  if (response.status !== 200 || !etag || !isNotModified(request, etag)) return response
  void response.body?.cancel()
  return new Response(null, { status: 304, headers: response.headers })
}

/** If-None-Match, by weak comparison (RFC 9110, 13.1.2). */
export function isNotModified(request: Request, etag: string): boolean {
  const field = request.headers.get('if-none-match')
  if (field === null) return false
  const opaque = (tag: string) => tag.trim().replace(/^W\//, '')
  return field.trim() === '*' || field.split(',').some((tag) => opaque(tag) === opaque(etag))
}
