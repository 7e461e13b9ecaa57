// Makes the edge cache, the buckets and the assets of this isolate fail.
import { current, failure } from './current.ts'
import type { StoreFault } from './faults.ts'

const never = () => new Promise<never>(() => {})
const isEntry = (name: string) => name.includes('entries/')
/** In the edge cache, an answer is a result whose entry is in a header. */
const isAnswer = (name: string) => name.includes('answers/')
const isResult = (name: string) => name.includes('results/')

/** Returns the damaged bytes that are read instead of `bytes`, or undefined if the object `name` is missing. */
function damaged(fault: StoreFault, name: string, bytes: ArrayBuffer): ArrayBuffer | undefined {
  const [what, , how] = fault.split(' ')
  if (!(what === 'entry' && isEntry(name)) && !(what === 'result' && isResult(name))) return bytes
  return how === 'missing' ? undefined : damagedBy(how, bytes)
}

function damagedBy(how: string, bytes: ArrayBuffer): ArrayBuffer {
  switch (how) {
    case 'cut':
      return bytes.slice(0, bytes.byteLength >> 1)
    case 'empty':
      return bytes.slice(0, 0)
    case 'garbage':
      return new Uint8Array(new ArrayBuffer(bytes.byteLength)).fill(0xa5).buffer
    default: // wrong types
      return encode('{"digest":7,"type":[],"size":"1","sr":null,"ttlSeconds":{},"freshUntil":"never"}')
  }
}

/**
 * Returns an answer of the edge cache with a damaged entry or result, or undefined if it is missing. Garbage of the
 * right length stays out, because a hit is passed on unread: only its length is compared (SECURITY.md).
 */
function damagedAnswer(fault: StoreFault, bytes: ArrayBuffer, { headers }: Response): Response | undefined {
  const [what, , how] = fault.split(' ')
  if (what === 'result' && how === 'missing') return undefined
  if (what === 'result' && how !== 'garbage') return stored(damagedBy(how, bytes), headers)
  const answer = stored(bytes, headers)
  const note = headers.get(NOTE_HEADER)
  if (what === 'entry' && note !== null) {
    answer.headers.set(NOTE_HEADER, String.fromCharCode(...new Uint8Array(damagedBy(how, encode(note)))))
  }
  return answer
}

const NOTE_HEADER = 'x-sr-entry'

/** Returns a response as a cache would: its Content-Length is that of the bytes that are stored. */
function stored(bytes: ArrayBuffer, headers: Headers): Response {
  const response = new Response(bytes, { headers })
  response.headers.set('content-length', `${bytes.byteLength}`)
  return response
}

function encode(text: string): ArrayBuffer {
  return new Uint8Array(Array.from(text, (letter) => letter.charCodeAt(0))).buffer
}

/**
 * Returns a stream that delivers half of the bytes and then fails (`isError`) or hangs. Its error quotes no URL, because a
 * hit's body is passed on unread, so that the runtime logs its own error.
 */
function halting(bytes: ArrayBuffer, isError: boolean): ReadableStream<Uint8Array> {
  let isBegun = false
  return new ReadableStream({
    async pull(controller) {
      if (isBegun) return isError ? controller.error(new Error('the stored body breaks off')) : never()
      isBegun = true
      controller.enqueue(new Uint8Array(bytes.slice(0, bytes.byteLength >> 1)))
    },
  })
}

/** The outcome of a `get`: bytes, undefined if nothing is found, or a body that stops halfway. */
type Read = { readonly bytes: ArrayBuffer | undefined } | { readonly halts: 'error' | 'never' }

async function read(fault: StoreFault, name: string, bytes: () => Promise<ArrayBuffer>): Promise<Read> {
  if (fault === 'get throws') throw failure('get')
  if (fault === 'get hangs') return never()
  if (fault === 'get finds nothing') return { bytes: undefined }
  if (fault === 'body breaks off') return { halts: 'error' }
  if (fault === 'body hangs') return { halts: 'never' }
  return { bytes: damaged(fault, name, await bytes()) }
}

/** Returns the bytes that a `put` keeps, or undefined if it keeps nothing. */
async function kept<T extends { slice(from: number, to: number): T }>(
  fault: StoreFault,
  name: string,
  bytes: T,
  length: number,
): Promise<T | undefined> {
  if (fault === 'put throws') throw failure('put')
  if (fault === 'put hangs') return never()
  if (fault === 'put keeps nothing') return undefined
  if (fault === 'put loses results' && isResult(name)) return undefined
  return fault === 'put keeps half' ? bytes.slice(0, length >> 1) : bytes
}

export function breakCache(cache: Cache): void {
  const match = cache.match.bind(cache)
  const put = cache.put.bind(cache)
  Object.assign(cache, {
    async match(url: string) {
      const fault = current().edge
      if (fault === 'get throws' || fault === 'get hangs') return read(fault, url, never)
      const found = await match(url)
      if (!fault || !found) return found
      const whole = await found.arrayBuffer()
      const given = await read(fault, url, async () => whole)
      if ('halts' in given) {
        // As of a real cache's body, the length is known.
        const { readable, writable } = new FixedLengthStream(whole.byteLength)
        void halting(whole, given.halts === 'error')
          .pipeTo(writable)
          .catch(() => {})
        return new Response(readable, found)
      }
      if (isAnswer(url) && given.bytes) return damagedAnswer(fault, whole, found)
      return given.bytes && stored(given.bytes, found.headers)
    },
    async put(url: string, response: Response) {
      const fault = current().edge
      if (!fault) return put(url, response)
      const whole = await response.arrayBuffer()
      const bytes = await kept(fault, url, whole, whole.byteLength)
      if (bytes) await put(url, stored(bytes, response.headers))
    },
  })
}

export function breakBucket(bucket: R2Bucket, faultOf: () => StoreFault | undefined): void {
  const get = bucket.get.bind(bucket)
  const put = bucket.put.bind(bucket)
  Object.assign(bucket, {
    async get(name: string, options: R2GetOptions) {
      const fault = faultOf()
      if (fault === 'get throws' || fault === 'get hangs') return read(fault, name, never)
      const found = await get(name, options)
      if (!fault || !found) return found
      const given = await read(fault, name, () => found.arrayBuffer())
      if ('bytes' in given && !given.bytes) return null
      const { checksums, etag, body } = found
      const bytes = async () => {
        if ('bytes' in given) return given.bytes!
        return given.halts === 'error' ? Promise.reject(failure('body')) : never()
      }
      const text = async () => new TextDecoder().decode(await bytes())
      return { checksums, etag, body, arrayBuffer: bytes, text }
    },
    async put(name: string, whole: Uint8Array, options?: R2PutOptions) {
      const fault = faultOf()
      const bytes = fault ? await kept(fault, name, whole, whole.length) : whole
      return bytes ? put(name, bytes, options) : undefined
    },
  })
}

export function breakAssets(assets: Fetcher): void {
  const fetch = assets.fetch.bind(assets)
  Object.assign(assets, {
    async fetch(request: Request | string) {
      const fault = current().assets
      if (fault === 'throws') throw failure('assets')
      if (fault === 'hangs') return never()
      if (fault === 'is missing') return new Response('not found', { status: 404 })
      const response = await fetch(request)
      return fault ? new Response((await response.arrayBuffer()).slice(0, 99), response) : response
    },
  })
}
