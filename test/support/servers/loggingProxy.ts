// A proxy between a browser and a worker that records all requests of the browser.
import { createServer, request as send, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Sent {
  readonly method: string
  readonly url: string
  readonly bodyBytes: number
}

export interface LoggingProxy {
  readonly url: string
  readonly sent: Sent[]
  /** Bodies that the proxy sends instead of the worker's answers, by path. */
  readonly instead: Map<string, Uint8Array>
  close(): void
}

export async function startLoggingProxy(target: URL): Promise<LoggingProxy> {
  const sent: Sent[] = []
  const instead = new Map<string, Uint8Array>()
  const server: Server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      const body = Buffer.concat(parts)
      const { method = '', url = '', headers } = request
      sent.push({ method, url, bodyBytes: body.length })
      const other = instead.get(url)
      if (other) {
        response.writeHead(200, { 'content-type': 'application/wasm' }).end(other)
        return
      }
      // Each request has a connection of its own: the worker may be closing an idle one at this moment.
      const passed = send(new URL(url, target), { method, headers, agent: false }, (answer) => {
        response.writeHead(answer.statusCode!, answer.headers)
        answer.pipe(response)
      })
      passed.on('error', () => response.destroy())
      passed.end(body)
    })
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}/`, sent, instead, close: () => server.close() }
}
