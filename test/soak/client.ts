// An HTTP client that plays the visitors. It uses real keep-alive connections, so that the worker sees a closed
// connection when a visitor leaves.
import { Agent, type IncomingHttpHeaders, request as openRequest } from 'node:http'

export interface SoakRequest {
  /** Path and query of the URL. */
  readonly url: string
  readonly method?: 'GET' | 'HEAD'
  readonly headers?: Readonly<Record<string, string>>
  /** When the visitor hangs up: this many ms after sending the request, or at the first byte of the body. */
  readonly leaves?: number | 'inBody'
}

export interface SoakResponse {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  /** Time in ms from sending the request to the last byte of the response. */
  readonly ms: number
  /** When the request was sent, by performance.now(). */
  readonly startMs: number
}

export interface SoakClient {
  /**
   * Sends a request. Returns undefined if the visitor leaves before the response is complete. Rejects if no response
   * arrives.
   */
  send(request: SoakRequest): Promise<SoakResponse | undefined>
  close(): void
}

/** send() rejects if nothing arrives for this long. */
const DEADLINE_MS = 60_000
/** Idle connections are closed after this time, because workerd closes them after 5 s, perhaps during a request. */
const IDLE_MS = 3000

export function createSoakClient(base: URL): SoakClient {
  const agent = new Agent({ keepAlive: true, timeout: IDLE_MS })
  const sendOnce = ({ url, method = 'GET', headers, leaves }: SoakRequest) =>
    new Promise<SoakResponse | undefined>((resolve, reject) => {
      const startMs = performance.now()
      let timer: NodeJS.Timeout | undefined
      const sent = openRequest(new URL(url, base), { agent, method, headers, timeout: DEADLINE_MS })
      const leave = () => {
        resolve(undefined)
        sent.destroy()
      }
      sent.on('timeout', () => sent.destroy(new Error(`no response within ${DEADLINE_MS / 1000} s`)))
      sent.on('error', (error) => {
        clearTimeout(timer)
        reject(error)
      })
      sent.on('response', (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => {
          if (leaves === 'inBody') leave()
          else chunks.push(chunk)
        })
        response.on('error', reject)
        response.on('end', () => {
          clearTimeout(timer)
          const { statusCode: status = 0, headers: fields } = response
          resolve({ status, headers: fields, body: Buffer.concat(chunks), ms: performance.now() - startMs, startMs })
        })
      })
      sent.end()
      if (typeof leaves === 'number') timer = setTimeout(leave, leaves)
    })
  return { send: sendOnce, close: () => agent.destroy() }
}
