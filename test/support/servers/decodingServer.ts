// An HTTP server on loopback that decodes and resolves the path of a request before it looks for a file, as servers do.
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { posix } from 'node:path'

/**
 * How a server decodes a path: once, as nginx does; twice, as a proxy and the server behind it do; with `\\` as a
 * separator, as on Windows; without the parameters of segments, as servlet containers do; or up to a zero byte, as old
 * programs in C do with each segment.
 */
export type Decoding = 'once' | 'twice' | 'with backslashes' | 'with parameters' | 'until a zero byte'

export interface DecodingServer {
  readonly url: string
  /** Requests a path byte for byte, and returns the status. */
  askAsIs(path: string): Promise<number>
  close(): void
}

export async function decodingServer(
  decoding: Decoding,
  files: Readonly<Record<string, Uint8Array>>,
): Promise<DecodingServer> {
  const server = createServer(({ url = '' }, response) => {
    const path = url.split('?', 1)[0]
    const file = files[posix.normalize(decoded(path, decoding))]
    response.writeHead(file ? 200 : 404).end(file)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    askAsIs: (path) =>
      new Promise((resolve, reject) => {
        const sent = request({ host: '127.0.0.1', port, path, agent: false }, (response) => {
          response.resume()
          resolve(response.statusCode!)
        })
        sent.on('error', reject).end()
      }),
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}

function decoded(path: string, decoding: Decoding): string {
  const once = decodeURIComponent(path)
  switch (decoding) {
    case 'once':
      return once
    case 'twice':
      return decodeURIComponent(once)
    case 'with backslashes':
      return once.replaceAll('\\', '/')
    case 'with parameters':
      return once.replace(/;[^/]*/g, '')
    case 'until a zero byte':
      return once.replace(/\0[^/]*/g, '')
  }
}
