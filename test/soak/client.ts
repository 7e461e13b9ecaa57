// Visitors over real connections that are kept, so that one who leaves hangs up.
import { Agent, type IncomingHttpHeaders, request as send } from 'node:http'

export interface Ask {
  /** Path and query. */
  readonly url: string
  readonly method?: 'GET' | 'HEAD'
  readonly headers?: Readonly<Record<string, string>>
  /** The visitor hangs up: so many ms after asking, or as soon as some of the body is there. */
  readonly leaves?: number | 'within'
}

export interface Reply {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  /** From asking to the last byte. */
  readonly ms: number
  /** By performance.now(). */
  readonly startMs: number
}

export interface Client {
  /** Undefined: the visitor left before the answer was whole. Rejects without one. */
  ask(ask: Ask): Promise<Reply | undefined>
  close(): void
}

/** Nobody waits for longer. */
const DEADLINE_MS = 60_000
/** workerd closes a connection that was not used for 5 s: none is used again shortly before that. */
const IDLE_MS = 3000

export function createClient(base: URL): Client {
  const agent = new Agent({ keepAlive: true, timeout: IDLE_MS })
  const once = ({ url, method = 'GET', headers, leaves }: Ask) =>
    new Promise<Reply | undefined>((resolve, reject) => {
      const startMs = performance.now()
      let timer: NodeJS.Timeout | undefined
      const asked = send(new URL(url, base), { agent, method, headers, timeout: DEADLINE_MS })
      const leave = () => {
        resolve(undefined)
        asked.destroy()
      }
      asked.on('timeout', () => asked.destroy(new Error(`no answer within ${DEADLINE_MS / 1000} s`)))
      asked.on('error', (error) => {
        clearTimeout(timer)
        reject(error)
      })
      asked.on('response', (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => {
          if (leaves === 'within') leave()
          else chunks.push(chunk)
        })
        response.on('error', reject)
        response.on('end', () => {
          clearTimeout(timer)
          const { statusCode: status = 0, headers: fields } = response
          resolve({ status, headers: fields, body: Buffer.concat(chunks), ms: performance.now() - startMs, startMs })
        })
      })
      asked.end()
      if (typeof leaves === 'number') timer = setTimeout(leave, leaves)
    })
  return { ask: once, close: () => agent.destroy() }
}
