// R2 or any other S3-compatible store, by four headers of its HTTP interface: a signature (version
// 4), an ETag, If-Match and If-None-Match. Keys here need no escaping in a URL.
import { createHash } from 'node:crypto'
import { UsageError } from '../../worker/terminal/arguments.ts'
import { type RetryOptions, retry, TransientError } from './retry.ts'
import { type PutCondition, type ObjectStore, StoreError } from './openStore.ts'

export interface S3Settings {
  /** `https://ACCOUNT.r2.cloudflarestorage.com`, with or without the bucket behind it. */
  readonly endpoint: string
  readonly bucket: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
  /** R2 calls it `auto`; elsewhere it is part of the signature. */
  readonly region: string
}

interface S3Response {
  readonly status: number
  readonly etag: string
  readonly bytes: Uint8Array
}

const VARIABLES = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_ENDPOINT_URL_S3'] as const
const OVERLOADED = [408, 429]
const UNIMPLEMENTED = 501

/** From AWS_ACCESS_KEY_ID and so on; throws a UsageError that names all that are missing. */
export function s3Settings(bucket: string, env: Readonly<Record<string, string | undefined>>): S3Settings {
  const [accessKeyId, secretAccessKey, endpoint] = VARIABLES.map((name) => env[name] ?? '')
  const missing = VARIABLES.filter((name) => !env[name])
  if (missing.length > 0) {
    throw new UsageError(`expected ${missing.join(', ')} in the environment, got nothing`)
  }
  if (!/^https?:$/.test(URL.canParse(endpoint) ? new URL(endpoint).protocol : '')) {
    throw new UsageError(
      `expected AWS_ENDPOINT_URL_S3 to be like https://ACCOUNT.r2.cloudflarestorage.com, got "${endpoint}"`,
    )
  }
  return {
    endpoint,
    bucket,
    accessKeyId,
    secretAccessKey,
    sessionToken: env.AWS_SESSION_TOKEN || undefined,
    region: env.AWS_REGION || 'auto',
  }
}

/** `timeoutMs`: of one request, from its start to the last byte of its answer; default 30 s. */
export async function openS3Store(
  { endpoint, bucket, ...credentials }: S3Settings,
  { timeoutMs = 30_000, ...patience }: RetryOptions & { readonly timeoutMs?: number } = {},
): Promise<ObjectStore> {
  const { AwsClient } = await loadClient()
  const client = new AwsClient({ ...credentials, service: 's3' })
  const base = new URL(endpoint)
  const folder = base.pathname.replace(/\/+$/, '')
  base.pathname = folder.endsWith(`/${bucket}`) ? `${folder}/` : `${folder}/${bucket}/`

  const request = (method: 'GET' | 'PUT', key: string, headers: Headers, body?: Uint8Array) =>
    retry(async (): Promise<S3Response> => {
      const url = new URL(key, base)
      const signed = await client.sign(url, { method, headers, body: body && Buffer.from(body) })
      // Behind the signature, which a proxy that negotiates it anew would break. Compressed answers
      // have other ETags.
      signed.headers.set('accept-encoding', 'identity')
      const answer = await answerOf(signed, timeoutMs)
      if ((answer.status >= 500 && answer.status !== UNIMPLEMENTED) || OVERLOADED.includes(answer.status)) {
        throw new TransientError(`${method} ${url} was answered with ${describe(answer)}`)
      }
      return answer
    }, patience)

  const unexpected = (what: string, answer: S3Response) =>
    new StoreError(`${what} failed at ${base}: ${describe(answer)}${hintOf(answer)}`, answer.status)

  return {
    title: `${base.host} bucket ${bucket}`,
    async get(key) {
      const answer = await request('GET', key, new Headers())
      if (answer.status === 200) return { bytes: answer.bytes, etag: answer.etag }
      if (codeOf(answer) === 'NoSuchKey') return undefined
      throw unexpected(`reading ${key}`, answer)
    },
    async put(key, bytes, condition) {
      const headers = new Headers({
        'content-type': key.endsWith('.json') ? 'application/json' : 'application/octet-stream',
        'x-amz-content-sha256': createHash('sha256').update(bytes).digest('hex'),
        ...conditionHeaders(condition),
      })
      const answer = await request('PUT', key, headers, bytes)
      if (answer.status >= 200 && answer.status < 300) return true
      if (condition !== undefined && isConflict(answer)) return false
      throw unexpected(`writing ${key}`, answer)
    },
    close: () => Promise.resolve(),
  }
}

async function loadClient() {
  try {
    return await import('aws4fetch')
  } catch (cause) {
    throw new Error('expected aws4fetch, which npm ci installs unless told to omit it', { cause })
  }
}

async function answerOf(request: Request, timeoutMs: number): Promise<S3Response> {
  try {
    const signal = AbortSignal.timeout(timeoutMs)
    // A redirect would need a signature of its own.
    const response = await fetch(request, { signal, redirect: 'manual' })
    const bytes = new Uint8Array(await response.arrayBuffer())
    return { status: response.status, etag: response.headers.get('etag') ?? '', bytes }
  } catch (error) {
    throw new TransientError(`${request.method} ${request.url} got no answer: ${reasonOf(error, timeoutMs)}`)
  }
}

/** fetch says "fetch failed" and keeps the reason in the cause. */
function reasonOf(error: unknown, timeoutMs: number): string {
  if ((error as Error).name === 'TimeoutError') return `none within ${timeoutMs / 1000} s`
  const cause = ((error as Error).cause ?? error) as NodeJS.ErrnoException
  return cause.message || (cause.code ?? String(cause)) // an AggregateError has no message
}

function conditionHeaders(condition: PutCondition | undefined): Record<string, string> {
  if (condition === undefined) return {}
  return condition === 'absent' ? { 'if-none-match': '*' } : { 'if-match': condition.match }
}

/** 412: it does not hold. 409: another write is under way. NoSuchKey: nothing there to match. */
function isConflict(answer: S3Response): boolean {
  return answer.status === 412 || answer.status === 409 || codeOf(answer) === 'NoSuchKey'
}

function codeOf(answer: S3Response): string | undefined {
  return elementOf(answer, 'Code')
}

/** `403 SignatureDoesNotMatch: The request signature ...` */
function describe(answer: S3Response): string {
  const message = elementOf(answer, 'Message')
  return `${answer.status} ${codeOf(answer) ?? ''}${message ? `: ${message}` : ''}`.trim()
}

function hintOf(answer: S3Response): string {
  if (codeOf(answer) === 'NoSuchBucket') return '; make the bucket, or name another with --bucket'
  if (answer.status !== 401 && answer.status !== 403) return ''
  return '; do AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY belong together and allow it?'
}

/** The text of an element in S3's error document. */
function elementOf({ status, bytes }: S3Response, element: string): string | undefined {
  if (status < 300) return undefined
  return new RegExp(`<${element}>([^<]*)</${element}>`).exec(new TextDecoder().decode(bytes))?.[1]
}
