// Whether an answer is what it had to be: in one line what is wrong with it.
import sharp from 'sharp'
import type { Reply } from './client.ts'
import type { Given } from './broken.ts'
import type { Hot, Order } from './orders.ts'
import type { SoakOrigin } from './site.ts'

export interface Verdict {
  /** For counting: `done`, `BUSY`, `304`, ... */
  readonly outcome: string
  /** Its kind, then what it was. */
  readonly problem?: readonly [kind: string, what: string]
}

type Problem = Verdict['problem']

export async function judge(
  order: Order,
  reply: Reply,
  site: SoakOrigin,
  hot: ReadonlyMap<string, Hot>,
): Promise<Verdict> {
  const { status, headers, body } = reply
  const sr = String(headers['x-sr'] ?? '')
  const outcome = sr.startsWith('done') && status === 200 ? 'done' : (/reason=(\w+)/.exec(sr)?.[1] ?? `${status}`)
  const given = await site.give(order.path)
  const problem = problemOfBody(order, reply) ?? (await problemOf(order, { ...reply, sr, given }, hot.get(order.url)))
  return {
    outcome,
    problem: problem && [
      problem[0],
      `${order.method ?? 'GET'} ${order.url}: ${problem[1]}; ${status}, x-sr ${sr || 'none'}, cache-status ${String(headers['cache-status'])}, ${body.length} bytes`,
    ],
  }
}

interface Seen extends Reply {
  readonly sr: string
  readonly given: Given
}

function problemOfBody({ method }: Order, { status, headers, body }: Reply): Problem {
  if ((method === 'HEAD' || status === 304) && body.length > 0) return ['framing', 'a body where none belongs']
  const length = headers['content-length']
  if (method !== 'HEAD' && status !== 304 && length !== undefined && Number(length) !== body.length)
    return ['framing', `content-length ${length}`]
  return undefined
}

async function problemOf(order: Order, seen: Seen, hot: Hot | undefined): Promise<Problem> {
  const { status, body, sr, given, headers } = seen
  const isOrigins = status === given.status && body.equals(given.body)
  const isOriginal = isOrigins && sr.startsWith('skipped')
  if (status >= 500 && given.status < 500 && order.expected !== 'gone') return ['a 5xx of our own', '']
  switch (order.expected) {
    case 'hit':
      return problemOfHit(order, seen, hot!)
    case 'result':
      if (isOriginal && sr === 'skipped; reason=BUSY') {
        return given.headers['cache-control'] === 'no-store' || headers['cache-control'] === 'public, max-age=60'
          ? undefined
          : ['BUSY that is kept', '']
      }
      return problemOfResult(order, seen)
    case 'done':
      return problemOfResult(order, seen)
    case 'original':
      return isOriginal ? undefined : ['not the original', '']
    case 'either':
      if (isOriginal) return undefined
      return sr.startsWith('done') ? problemOfResult(order, seen) : ['not the original', '']
    case 'status':
      return isOrigins ? undefined : ["not the origin's answer", '']
    case 'refusal':
      return status === 400 || status === 416 ? undefined : ['not refused', '']
    case 'gone':
      return status === 502 && headers['cache-control'] === 'no-store' ? undefined : ['not 502', '']
  }
}

function problemOfHit(
  { method, headers: asked = {} }: Order,
  { status, headers, body, sr }: Seen,
  { bytes = Buffer.alloc(0), etag }: Hot,
): Problem {
  if (!sr.startsWith('done') || !/; hit;/.test(String(headers['cache-status']))) return ['not a hit', '']
  if (headers.etag !== etag) return ['another etag', `${headers.etag}, before ${etag}`]
  if (asked['if-none-match'] ?? asked['if-modified-since']) return status === 304 ? undefined : ['not 304', '']
  if (method === 'HEAD')
    return status === 200 && Number(headers['content-length']) === bytes.length
      ? undefined
      : ['HEAD', `content-length ${headers['content-length']}`]
  const [, from, to] = (/bytes=(\d+)-(\d+)/.exec(asked.range ?? '') ?? []).map(Number)
  const expected = asked.range === undefined ? bytes : bytes.subarray(from, to + 1)
  if (status !== (asked.range === undefined ? 200 : 206)) return ['status', '']
  return body.equals(expected) ? undefined : ['other bytes than before', '']
}

/** It decodes and, where the original is a good one, is so many times as large. */
async function problemOfResult({ scale }: Order, { status, headers, body, sr, given }: Seen): Promise<Problem> {
  if (status !== 200 || !sr.startsWith('done')) return ['no result', '']
  const { width, height, format } = await sharp(body).metadata()
  if (`image/${format}` !== headers['content-type'])
    return ['another type', `${format}, content-type ${headers['content-type']}`]
  const { size } = given
  if (!size) return undefined
  return size.width * scale === width && size.height * scale === height
    ? undefined
    : ['another size', `${width}x${height}`]
}
