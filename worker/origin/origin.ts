// The origin of the standalone worker, from which pictures and the rest of the site come. The operator chooses the
// origin, and the visitor chooses the path. No parameter of a request names a host.
//
//   ORIGIN_URL        another host, in front of which the worker stands
//   ORIGIN_BUCKET     an R2 bucket; the path is the object's key
//   neither           the request's own URL, which on a route leads to the zone's origin
import { discard } from '../base/discard.ts'
import { ConfigError, SrError } from '../base/errors.ts'
import { REDIRECTS } from '../base/redirects.ts'
import { deploymentName, deploymentsPassed } from './deployments.ts'
import { asRedirected } from './freshness.ts'
import { leavesBase } from './path.ts'
import { type Handler, isSourceRequest } from './source.ts'

/**
 * Most deployments of this worker that a request may pass. They have different names, so this many can only be a loop
 * that changes the host at each turn.
 */
const MAX_DEPLOYMENTS = 10
const MAX_REDIRECTS = 3

/**
 * Returns a handler that fetches from `originUrl`, or from the request's own URL if `originUrl` is undefined. A
 * visitor's request is passed on unchanged, and a redirect in the answer is passed back. If the request is a source
 * request (source.ts), the handler follows redirects itself, but only within the origin and to `hosts`. Throws a
 * ConfigError if `originUrl` cannot be a base of URLs or if a host is not a plain name.
 */
export function createOrigin(originUrl: string | undefined, timeoutMs: number, hosts: readonly string[] = []): Handler {
  const base = originUrl === undefined ? undefined : parseBase(originUrl)
  for (const host of hosts) requirePlainHost(host)
  /** The name for the host of the last request, which is that of nearly all requests. */
  let last: { readonly host: string; readonly name: string } | undefined
  return async (c) => {
    const request = c.req.raw
    const { host, pathname } = new URL(request.url)
    if (last?.host !== host) last = { host, name: await deploymentName(host, base) }
    const { name } = last
    const passed = deploymentsPassed(request)
    if (passed.includes(name) || passed.length >= MAX_DEPLOYMENTS) throw new SrError('ORIGIN_LOOP', LOOP)
    if (base && base.pathname !== '/' && leavesBase(pathname)) return notFound()
    let url = targetOf(request.url, base)
    const own = url.origin
    const redirects: Response[] = []
    for (let hop = 0; ; hop++) {
      const response = await fetchWithin(timeoutMs, url, request, name)
      if (response.status > 599) {
        await response.body?.cancel()
        throw new SrError(
          'ORIGIN_UNREACHABLE',
          `the origin answered with a status that HTTP does not have, ${response.status}`,
        )
      }
      if (!base && isNoOrigin(response)) {
        await response.body?.cancel()
        throw new SrError('ORIGIN_UNREACHABLE', NO_ORIGIN)
      }
      if (!isSourceRequest(c)) return response
      const location = REDIRECTS.includes(response.status) && response.headers.get('location')
      if (!location)
        return redirects.reduceRight((answer, redirect) => asRedirected(redirect, answer, Date.now()), response)
      const next = parseUrl(location, url)
      if (hop === MAX_REDIRECTS || !next || !mayFollow(next, own, hosts)) {
        return response // the visitor's browser follows it, as it would without us
      }
      await response.body?.cancel()
      redirects.push(response)
      url = next
    }
  }
}

const NO_ORIGIN =
  'no origin answers at this address: put the worker on a route in front of one, or set ORIGIN_URL to the host that has the pictures'
const LOOP =
  'the origin of this worker leads back to the worker itself: set ORIGIN_URL, of each worker on the way, to the host that has the pictures'

/** Returns true for the statuses 520 to 530, with which Cloudflare answers for a host without a server. */
function isNoOrigin({ status }: Response): boolean {
  return status >= 520 && status <= 530
}

/**
 * Returns true if a redirect to `next` may be followed. The origin `own` is allowed, and so is each of `hosts` at the
 * default port: by HTTPS, or by HTTP if `own` uses HTTP. A URL with credentials is refused.
 */
export function mayFollow(next: URL, own: string, hosts: readonly string[]): boolean {
  // The scheme is checked first, because a blob: URL has the origin of the page that made it.
  if (!['http:', 'https:'].includes(next.protocol) || next.username || next.password) return false
  if (next.origin === own) return true
  const isSafe = next.protocol === 'https:' || (next.protocol === 'http:' && own.startsWith('http:'))
  return isSafe && next.port === '' && hosts.includes(next.hostname)
}

/**
 * Throws a ConfigError unless `host` is a name that URL parsers return unchanged. Every spelling of an IP address is
 * refused.
 */
function requirePlainHost(host: string): void {
  const isName = /^[a-z0-9-]+(\.[a-z0-9-]+)*\.[a-z][a-z0-9-]*$/.test(host)
  if (isName && parseUrl(`https://${host}/`)?.hostname === host) return
  throw new ConfigError(`ORIGIN_HOSTS: expected names of hosts in lower case, got "${host}"`)
}

function parseBase(originUrl: string): URL {
  const url = parseUrl(originUrl)
  // An empty query or fragment leaves its `?` or `#` in the URL, and a visitor's path must not follow that. Workers do not
  // send the credentials of a URL.
  const isPlain = url && !/[?#]/.test(url.href) && !url.username && !url.password
  if (!isPlain || !['http:', 'https:'].includes(url.protocol)) {
    const shown = originUrl.replace(/\/\/.*@/, '//…@') // without the password
    throw new ConfigError(`ORIGIN_URL: expected http(s)://host[/path], got "${shown}"`)
  }
  return url
}

/**
 * Appends the visitor's path and query to `base`. They are never resolved as a relative URL: `//evil.example` stays a
 * path.
 */
function targetOf(requestUrl: string, base: URL | undefined): URL {
  const url = new URL(requestUrl)
  if (!base) return url
  const target = parseUrl(base.href.replace(/\/$/, '') + url.pathname + url.search)
  if (target?.origin !== base.origin) {
    throw new SrError('ORIGIN_UNREACHABLE', 'this path does not name a picture of the origin')
  }
  return target
}

/**
 * Fetches `url`. Rejects if the headers of the answer take longer than `timeoutMs`. If a GET or HEAD breaks off before
 * its answer, it is immediately sent once more (RFC 9110, 9.2.2). The usual cause is that the origin was just closing
 * the idle connection on which the request was sent.
 */
async function fetchWithin(timeoutMs: number, url: URL, request: Request, name: string): Promise<Response> {
  const headers = new Headers(request.headers)
  headers.append('via', `1.1 ${name}`)
  // Only the wait for the headers is timed here; readSource times the body.
  const abort = new AbortController()
  const timer = setTimeout(() => abort.abort(), timeoutMs)
  // The visitor's request is the `init` of the new Request, which thereby gets the visitor's method and body.
  const ask = () => fetch(new Request(url, request), { headers, redirect: 'manual', signal: abort.signal })
  const isSafe = request.method === 'GET' || request.method === 'HEAD'
  try {
    return await ask().catch((cause: unknown) => {
      if (abort.signal.aborted || !isSafe) throw cause
      return ask()
    })
  } catch (cause) {
    if (abort.signal.aborted) {
      throw new SrError('ORIGIN_TIMEOUT', `the origin gave no answer within ${timeoutMs} ms`, { cause })
    }
    throw new SrError('ORIGIN_UNREACHABLE', 'the origin cannot be reached', { cause })
  } finally {
    clearTimeout(timer)
  }
}

/** Returns a handler that serves the objects of a bucket: GET and HEAD, with validators. */
export function createBucketOrigin(bucket: R2Bucket): Handler {
  return async (c) => {
    const { method, headers, url } = c.req.raw
    if (method !== 'GET' && method !== 'HEAD') return new Response('method not allowed\n', { status: 405 })
    const key = decodePath(new URL(url).pathname.slice(1))
    const isName = key && new TextEncoder().encode(key).length <= MAX_KEY_BYTES
    const object = isName ? await bucket.get(key, { onlyIf: conditionsOf(headers) }) : null
    if (!object) return notFound()
    const answer = new Headers()
    object.writeHttpMetadata(answer)
    answer.set('etag', object.httpEtag)
    answer.set('last-modified', object.uploaded.toUTCString())
    const body = 'body' in object ? (object as R2ObjectBody).body : undefined
    if (!isAsExpected(headers, object)) {
      discard(body)
      const failed = { 'content-type': 'text/plain;charset=UTF-8', etag: object.httpEtag }
      return new Response('precondition failed\n', { status: 412, headers: failed })
    }
    if (!body) return new Response(null, { status: 304, headers: answer })
    answer.set('content-length', `${object.size}`)
    return new Response(body, { headers: answer })
  }
}

/** Longest key of an object: https://developers.cloudflare.com/r2/platform/limits/ */
const MAX_KEY_BYTES = 1024
const ETAG = '(?:W/)?"[^"]*"'
const TAGS = new RegExp(ETAG, 'g')
const ETAGS = new RegExp(`^(?:\\*|${ETAG}(?:[ \\t]*,[ \\t]*${ETAG})*)$`)

/**
 * Returns the header by which R2 decides whether the visitor has the object already (RFC 9110, 13.2.2): If-None-Match or,
 * without it, If-Modified-Since. R2 throws if ETags break the grammar; such ETags match no object.
 */
function conditionsOf(headers: Headers): Headers {
  const tags = headers.get('if-none-match')
  if (tags !== null) return new Headers(ETAGS.test(tags) ? { 'if-none-match': tags } : {})
  const since = headers.get('if-modified-since')
  return new Headers(since === null ? {} : { 'if-modified-since': since })
}

/**
 * Evaluates If-Match or, without it, If-Unmodified-Since (RFC 9110, 13.1.1 and 13.1.4). R2 does not tell which of four
 * conditions failed, and an object of exactly the second in If-Unmodified-Since fails there.
 */
function isAsExpected(headers: Headers, { httpEtag, uploaded }: R2Object): boolean {
  const tags = headers.get('if-match')
  if (tags !== null) return tags.trim() === '*' || (ETAGS.test(tags) && tags.match(TAGS)!.includes(httpEtag))
  const since = Date.parse(headers.get('if-unmodified-since') ?? '')
  return Number.isNaN(since) || Math.floor(uploaded.getTime() / 1000) <= since / 1000
}

function notFound(): Response {
  return new Response('not found\n', { status: 404 })
}

function decodePath(path: string): string | undefined {
  try {
    return decodeURIComponent(path)
  } catch {
    return undefined
  }
}

function parseUrl(url: string, base?: URL): URL | undefined {
  return URL.canParse(url, base?.href) ? new URL(url, base) : undefined
}
