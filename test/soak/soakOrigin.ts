// The origin of a soak, a server on loopback: good pictures under several caching policies, and bad responses. The path
// and the seed determine a response, so that a check can make it again.
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createRandom } from '../../worker/image/prng.ts'
import { DAMAGED, NEVER_ENLARGED, ORIGIN_FAILURES, type OriginResponse } from './badResponses.ts'
import { type SizeClass, createGallery, type Gallery } from './gallery.ts'

export interface SoakOrigin {
  readonly url: string
  readonly gallery: Gallery
  /** Returns the server's response for this path. */
  responseFor(path: string): Promise<OriginResponse>
  close(): Promise<void>
}

const MODIFIED = 'Tue, 03 Mar 2026 10:00:00 GMT'

/** Caching headers of good pictures, by the first part of their path. */
const POLICIES = {
  kept: { 'cache-control': 'max-age=86400', 'last-modified': MODIFIED },
  /** No caching headers, so that the default of the worker applies. */
  unsaid: {},
  /** The worker must revalidate the picture at each request. The origin then answers with 304. */
  asked: { 'cache-control': 'max-age=0', etag: '"as-it-was"' },
  private: { 'cache-control': 'no-store' },
} as const
export type Policy = keyof typeof POLICIES

/** Returns the path of a good picture. Different numbers give different pictures. */
export function goodPath(policy: Policy, sizeClass: SizeClass, number: number): string {
  return `/${policy}/${sizeClass}/${number}`
}

/** Returns the path of a bad response. `kind`: a key of DAMAGED, NEVER_ENLARGED or ORIGIN_FAILURES. */
export function badPath(kind: string, number: number): string {
  return `/bad/${kind}/${number}`
}

export async function startSoakOrigin(seed: number): Promise<SoakOrigin> {
  const gallery = createGallery(seed)
  const badResponses = { ...DAMAGED, ...NEVER_ENLARGED, ...ORIGIN_FAILURES }

  const responseFor = async (path: string): Promise<OriginResponse> => {
    const [, policy, name, number] = path.split('/')
    if (policy === 'bad') {
      return badResponses[name](await gallery('small', Number(number)), createRandom(Number(number)))
    }
    const { bytes, type, ...size } = await gallery(name as SizeClass, Number(number))
    return { status: 200, headers: { 'content-type': type, ...POLICIES[policy as Policy] }, body: bytes, size }
  }
  const server = createServer((request, response) => {
    const path = request.url!.split('?', 1)[0]
    responseFor(path).then(
      (content) => send(response, content, request.headers['if-none-match']),
      (error: unknown) => response.writeHead(500).end(String(error)),
    )
  })
  server.keepAliveTimeout = 0 // else the server may close a connection just when workerd reuses it
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    gallery,
    responseFor,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}

function send(response: ServerResponse, content: OriginResponse, ifNoneMatch?: string): void {
  const { status, headers, body, breaksOff } = content
  if (breaksOff === 'beforeHeaders') {
    response.destroy()
  } else if (breaksOff === 'inBody') {
    response.writeHead(status, { ...headers, 'content-length': body.length })
    response.write(body.subarray(0, body.length >> 1), () => response.destroy())
  } else if (headers.etag !== undefined && headers.etag === ifNoneMatch) {
    response.writeHead(304, headers).end()
  } else {
    response.writeHead(status, { ...headers, 'content-length': body.length }).end(body)
  }
}
