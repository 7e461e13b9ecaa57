// A real HTTP origin on loopback that does what a test tells it, and remembers what it was asked.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Asked {
  readonly method: string
  /** Path and query, byte for byte. */
  readonly url: string
  readonly headers: IncomingMessage['headers']
}

export interface FakeOrigin {
  readonly url: string
  readonly asked: Asked[]
  /** Serves `body` at a path; headers may be changed by serving it again. */
  serve(path: string, body: Uint8Array | string, headers?: Record<string, string>): void
  /** Answers a path by hand. */
  handle(path: string, handler: (request: IncomingMessage, response: ServerResponse) => void): void
  close(): Promise<void>
}

export async function startOrigin(): Promise<FakeOrigin> {
  const asked: Asked[] = []
  const handlers = new Map<string, (request: IncomingMessage, response: ServerResponse) => void>()
  const server = createServer((request, response) => {
    const { method = '', url = '', headers } = request
    asked.push({ method, url, headers })
    const handler = handlers.get(url.split('?', 1)[0])
    if (handler) handler(request, response)
    else response.writeHead(404, { 'content-type': 'text/plain' }).end('no such picture\n')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    handle: (path, handler) => void handlers.set(path, handler),
    serve(path, body, headers = {}) {
      handlers.set(path, (request, response) => {
        const isKnown = headers.etag !== undefined && request.headers['if-none-match'] === headers.etag
        response.writeHead(isKnown ? 304 : 200, headers).end(isKnown ? undefined : body)
      })
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}
