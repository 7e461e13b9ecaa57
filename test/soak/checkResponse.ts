// Compares a response with what its request expects, and says in one line what is wrong.
import sharp from 'sharp'
import type { OriginResponse } from './badResponses.ts'
import type { SoakResponse } from './client.ts'
import type { HotPicture, PlannedRequest } from './requestMix.ts'
import type { SoakOrigin } from './soakOrigin.ts'

export interface Verdict {
  /** Column in which the summary counts the response: `done`, a reason such as `BUSY`, or a status such as `304`. */
  readonly outcome: string
  /** Undefined if the response is as expected. */
  readonly problem?: Problem
}

/** The kind of the problem, and the details of this response. */
type Problem = readonly [kind: string, details: string]

/**
 * Returns the outcome of a response, and its problem if something is wrong. `hot` contains the known results by URL.
 */
export async function checkResponse(
  request: PlannedRequest,
  response: SoakResponse,
  origin: SoakOrigin,
  hot: ReadonlyMap<string, HotPicture>,
): Promise<Verdict> {
  const { status, headers, body } = response
  const sr = String(headers['x-sr'] ?? '')
  const outcome = sr.startsWith('done') && status === 200 ? 'done' : (/reason=(\w+)/.exec(sr)?.[1] ?? `${status}`)
  const source = await origin.responseFor(request.path)
  const problem =
    findFramingProblem(request, response) ??
    (await findProblem(request, { ...response, sr, source }, hot.get(request.url)))
  if (!problem) return { outcome, problem }
  const [kind, details] = problem
  const seen = [
    `${status}`,
    `x-sr ${sr || 'none'}`,
    `cache-status ${String(headers['cache-status'])}`,
    `${body.length} bytes`,
  ]
  return { outcome, problem: [kind, `${request.method ?? 'GET'} ${request.url}: ${details}; ${seen.join(', ')}`] }
}

interface CheckedResponse extends SoakResponse {
  readonly sr: string
  /** The response of the origin for the same path. */
  readonly source: OriginResponse
}

function findFramingProblem({ method }: PlannedRequest, { status, headers, body }: SoakResponse): Problem | undefined {
  const hasNoBody = method === 'HEAD' || status === 304
  if (hasNoBody) return body.length > 0 ? ['framing', 'a HEAD or 304 response with a body'] : undefined
  const length = headers['content-length']
  const isWrong = length !== undefined && Number(length) !== body.length
  return isWrong ? ['framing', `content-length ${length}`] : undefined
}

async function findProblem(
  request: PlannedRequest,
  response: CheckedResponse,
  hot: HotPicture | undefined,
): Promise<Problem | undefined> {
  const { status, body, sr, source, headers } = response
  const isPassedOn = status === source.status && body.equals(source.body)
  const isOriginal = isPassedOn && sr.startsWith('skipped')
  if (status >= 500 && source.status < 500 && request.expected !== 'gone') return ['a 5xx of our own', '']
  switch (request.expected) {
    case 'hit':
      return findHitProblem(request, response, hot!)
    case 'result': {
      if (!isOriginal || sr !== 'skipped; reason=BUSY') return findResultProblem(request, response)
      const cacheControl = headers['cache-control']
      return cacheControl === 'no-store' ? undefined : ['BUSY that may be kept', `${cacheControl}`]
    }
    case 'done':
      return findResultProblem(request, response)
    case 'original':
      return isOriginal ? undefined : ['not the original', '']
    case 'either':
      if (isOriginal) return undefined
      return sr.startsWith('done') ? findResultProblem(request, response) : ['not the original', '']
    case 'status':
      return isPassedOn ? undefined : ["not the origin's response", '']
    case 'refusal':
      return status === 400 || status === 416 ? undefined : ['not refused', '']
    case 'gone':
      return status === 502 && headers['cache-control'] === 'no-store' ? undefined : ['not 502', '']
  }
}

function findHitProblem(
  { method, headers: sent = {} }: PlannedRequest,
  { status, headers, body, sr }: CheckedResponse,
  { bytes = Buffer.alloc(0), etag }: HotPicture,
): Problem | undefined {
  if (!sr.startsWith('done') || !/; hit;/.test(String(headers['cache-status']))) return ['not a hit', '']
  if (headers.etag !== etag) return ['another etag', `${headers.etag}, before ${etag}`]
  const isConditional = sent['if-none-match'] ?? sent['if-modified-since']
  if (isConditional) return status === 304 ? undefined : ['not 304', '']
  if (method === 'HEAD') {
    const isWhole = status === 200 && Number(headers['content-length']) === bytes.length
    return isWhole ? undefined : ['HEAD', `content-length ${headers['content-length']}`]
  }
  const [, from, to] = (/bytes=(\d+)-(\d+)/.exec(sent.range ?? '') ?? []).map(Number)
  const expected = sent.range === undefined ? bytes : bytes.subarray(from, to + 1)
  if (status !== (sent.range === undefined ? 200 : 206)) return ['status', '']
  return body.equals(expected) ? undefined : ['other bytes than before', '']
}

/** Checks that the result can be decoded and, if its source is a good picture, that it is `scale` times as large. */
async function findResultProblem(
  { scale }: PlannedRequest,
  { status, headers, body, sr, source }: CheckedResponse,
): Promise<Problem | undefined> {
  if (status !== 200 || !sr.startsWith('done')) return ['no result', '']
  const { width, height, format } = await sharp(body).metadata()
  if (`image/${format}` !== headers['content-type']) {
    return ['another type', `${format}, content-type ${headers['content-type']}`]
  }
  const { size } = source
  if (!size) return undefined
  const isEnlarged = size.width * scale === width && size.height * scale === height
  return isEnlarged ? undefined : ['another size', `${width}x${height}`]
}
