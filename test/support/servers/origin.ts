// A real HTTP origin on loopback that answers as a test tells it to, and records every request.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface OriginRequest {
  readonly method: string
  /** Path and query exactly as sent. */
  readonly url: string
  readonly headers: IncomingMessage['headers']
}

export interface FakeOrigin {
  /** Address of the origin, without a slash at the end. Throws if the origin does not listen yet. */
  readonly url: string
  /** All requests so far, in order of arrival. */
  readonly asked: OriginRequest[]
  /** Serves `body` at a path from now on. Answers 304 if If-None-Match is the `etag` of `headers`. */
  serve(path: string, body: Uint8Array | string, headers?: Record<string, string>): void
  /** Lets `handler` answer all requests for a path from now on. */
  handle(path: string, handler: (request: IncomingMessage, response: ServerResponse) => void): void
  /** Starts to listen on a free port. */
  listen(): Promise<void>
  close(): Promise<void>
}

/** Creates an origin that does not listen yet. Its paths can be set before it listens. */
export function createFakeOrigin(): FakeOrigin {
  const asked: OriginRequest[] = []
  const handlers = new Map<string, (request: IncomingMessage, response: ServerResponse) => void>()
  const server = createServer((request, response) => {
    const { method = '', url = '', headers } = request
    asked.push({ method, url, headers })
    const handler = handlers.get(url.split('?', 1)[0])
    if (handler) handler(request, response)
    else response.writeHead(404, { 'content-type': 'text/plain' }).end('no such picture\n')
  })
  return {
    get url() {
      const address = server.address() as AddressInfo | null
      if (!address) throw new Error('the origin does not listen yet: read its URL in beforeAll or later')
      return `http://127.0.0.1:${address.port}`
    },
    asked,
    handle: (path, handler) => void handlers.set(path, handler),
    serve(path, body, headers = {}) {
      handlers.set(path, (request, response) => {
        const isKnown = headers.etag !== undefined && request.headers['if-none-match'] === headers.etag
        response.writeHead(isKnown ? 304 : 200, headers).end(isKnown ? undefined : body)
      })
    },
    listen: () => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}

export async function startOrigin(): Promise<FakeOrigin> {
  const origin = createFakeOrigin()
  await origin.listen()
  return origin
}
