// R2 or any other S3-compatible store. Uses four parts of the HTTP interface: signature version 4, ETag,
// If-Match and If-None-Match. The trainer's keys need no escaping in a URL.
import { createHash } from 'node:crypto'
import { UsageError } from '../../worker/terminal/arguments.ts'
import { type ObjectStore, type PutCondition, StoreError } from './contract.ts'
import { type RetryOptions, retry, TransientError } from './retry.ts'

export interface S3Settings {
  /** For example `https://ACCOUNT.r2.cloudflarestorage.com`. The bucket's name may follow as a path. */
  readonly endpoint: string
  readonly bucket: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
  /** Region, which is part of the signature. R2 calls its only region `auto`. */
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

/** Reads the settings from the AWS_* variables. Throws a UsageError that names all missing variables. */
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

/** Opens a bucket. `timeoutMs` limits one request, from its start to the last byte of the response. Default 30 s. */
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
      // Asks for uncompressed responses, because compressed ones have other ETags. The header is not signed, because a
      // proxy may change it and would then break the signature.
      signed.headers.set('accept-encoding', 'identity')
      const response = await send(signed, timeoutMs)
      if ((response.status >= 500 && response.status !== UNIMPLEMENTED) || OVERLOADED.includes(response.status)) {
        throw new TransientError(`${method} ${url} was answered with ${describe(response)}`)
      }
      return response
    }, patience)

  const unexpected = (what: string, response: S3Response) =>
    new StoreError(`${what} failed at ${base}: ${describe(response)}${hintOf(response)}`, response.status)

  return {
    title: `${base.host} bucket ${bucket}`,
    async get(key) {
      const response = await request('GET', key, new Headers())
      if (response.status === 200) return { bytes: response.bytes, etag: response.etag }
      if (codeOf(response) === 'NoSuchKey') return undefined
      throw unexpected(`reading ${key}`, response)
    },
    async put(key, bytes, condition) {
      const headers = new Headers({
        'content-type': key.endsWith('.json') ? 'application/json' : 'application/octet-stream',
        'x-amz-content-sha256': createHash('sha256').update(bytes).digest('hex'),
        ...conditionHeaders(condition),
      })
      const response = await request('PUT', key, headers, bytes)
      if (response.status >= 200 && response.status < 300) return true
      if (condition !== undefined && isConflict(response)) return false
      throw unexpected(`writing ${key}`, response)
    },
    close: () => Promise.resolve(),
  }
}

async function loadClient() {
  try {
    return await import('aws4fetch')
  } catch (cause) {
    throw new Error('expected the package aws4fetch, which npm ci installs', {
      cause,
    })
  }
}

async function send(request: Request, timeoutMs: number): Promise<S3Response> {
  try {
    const signal = AbortSignal.timeout(timeoutMs)
    // Redirects are not followed, because each would need its own signature.
    const response = await fetch(request, { signal, redirect: 'manual' })
    const bytes = new Uint8Array(await response.arrayBuffer())
    return { status: response.status, etag: response.headers.get('etag') ?? '', bytes }
  } catch (error) {
    throw new TransientError(`${request.method} ${request.url} got no response: ${reasonOf(error, timeoutMs)}`)
  }
}

/** Returns why a fetch failed. The error's message is always "fetch failed", so the reason is taken from its cause. */
function reasonOf(error: unknown, timeoutMs: number): string {
  if ((error as Error).name === 'TimeoutError') return `timed out after ${timeoutMs / 1000} s`
  const cause = ((error as Error).cause ?? error) as NodeJS.ErrnoException
  return cause.message || (cause.code ?? String(cause)) // an AggregateError has no message
}

function conditionHeaders(condition: PutCondition | undefined): Record<string, string> {
  if (condition === undefined) return {}
  return condition === 'absent' ? { 'if-none-match': '*' } : { 'if-match': condition.match }
}

/**
 * Returns whether a response says that a conditional write failed. Status 412: the condition does not hold. Status 409:
 * another write is under way. Code NoSuchKey: there is no object whose ETag could match.
 */
function isConflict(response: S3Response): boolean {
  return response.status === 412 || response.status === 409 || codeOf(response) === 'NoSuchKey'
}

function codeOf(response: S3Response): string | undefined {
  return elementOf(response, 'Code')
}

/** Returns for example `403 SignatureDoesNotMatch: The request signature ...`. */
function describe(response: S3Response): string {
  const message = elementOf(response, 'Message')
  return `${response.status} ${codeOf(response) ?? ''}${message ? `: ${message}` : ''}`.trim()
}

function hintOf(response: S3Response): string {
  if (codeOf(response) === 'NoSuchBucket') return '; create the bucket, or name another with --bucket'
  if (response.status !== 401 && response.status !== 403) return ''
  return '; check that AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY belong together and allow this access'
}

/** Returns the text of an element in S3's XML error document. */
function elementOf({ status, bytes }: S3Response, element: string): string | undefined {
  if (status < 300) return undefined
  return new RegExp(`<${element}>([^<]*)</${element}>`).exec(new TextDecoder().decode(bytes))?.[1]
}
