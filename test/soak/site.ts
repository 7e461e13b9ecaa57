// The origin of a soak, on loopback: good pictures under the ways to keep them, and whatever can go wrong. What
// it gives for a path is a function of the path and the seed, so that a check can have the original again.
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createRandom } from '../../worker/image/prng.ts'
import { DAMAGES, FAILURES, type Given, REFUSED } from './broken.ts'
import { type Class, createGallery, type Gallery } from './pictures.ts'

export interface SoakOrigin {
  readonly url: string
  readonly gallery: Gallery
  give(path: string): Promise<Given>
  close(): Promise<void>
}

const MODIFIED = 'Tue, 03 Mar 2026 10:00:00 GMT'

/** What the origin says of keeping a good picture. */
const POLICIES = {
  kept: { 'cache-control': 'max-age=86400', 'last-modified': MODIFIED },
  /** The worker's own default holds. */
  unsaid: {},
  /** It wants to be asked each time, and says whether it changed. */
  asked: { 'cache-control': 'max-age=0', etag: '"as-it-was"' },
  private: { 'cache-control': 'no-store' },
} as const
export type Policy = keyof typeof POLICIES

/** Its number makes the picture; all of them differ. */
export function goodPath(policy: Policy, from: Class, number: number): string {
  return `/${policy}/${from}/${number}`
}

export function badPath(kind: string, number: number): string {
  return `/bad/${kind}/${number}`
}

export async function startSoakOrigin(seed: number): Promise<SoakOrigin> {
  const gallery = createGallery(seed)
  const breakers = { ...DAMAGES, ...REFUSED, ...FAILURES }

  const give = async (path: string): Promise<Given> => {
    const [, policy, name, number] = path.split('/')
    if (policy === 'bad') return breakers[name](await gallery('small', Number(number)), createRandom(Number(number)))
    const { bytes, type, ...size } = await gallery(name as Class, Number(number))
    return { status: 200, headers: { 'content-type': type, ...POLICIES[policy as Policy] }, body: bytes, size }
  }
  const server = createServer((request, response) => {
    const path = request.url!.split('?', 1)[0]
    give(path).then(
      (given) => answer(response, given, request.headers['if-none-match']),
      (error: unknown) => response.writeHead(500).end(String(error)),
    )
  })
  server.keepAliveTimeout = 0 // else it closes connections at the moment when workerd uses them again
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    gallery,
    give,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}

function answer(response: ServerResponse, { status, headers, body, breaks }: Given, known?: string): void {
  if (breaks === 'before') {
    response.destroy()
  } else if (breaks === 'within') {
    response.writeHead(status, { ...headers, 'content-length': body.length })
    response.write(body.subarray(0, body.length >> 1), () => response.destroy())
  } else if (headers.etag !== undefined && headers.etag === known) {
    response.writeHead(304, headers).end()
  } else {
    response.writeHead(status, { ...headers, 'content-length': body.length }).end(body)
  }
}
