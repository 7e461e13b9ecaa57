// An origin on loopback that can misbehave in some forty ways. Each path has a behaviour of its own. The origin writes
// to its sockets directly, because no HTTP server sends broken answers.
import { createHash } from 'node:crypto'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { gzipSync } from 'node:zlib'

/** Answers a request for `path`, rightly or wrongly. `request` is the text of the whole request in lower case. */
export type Fault = (socket: Socket, picture: Buffer, path: string, request: string) => void

/** Returns the head of an answer: the status line, the header lines and the empty line that ends them. */
const head = (lines: readonly string[], status = '200 OK') => [`HTTP/1.1 ${status}`, ...lines, '', ''].join('\r\n')

const CLOSE = 'connection: close'

/** Returns the head and the body of an answer as bytes. */
function message(lines: readonly string[], body: Buffer | string = '', status?: string): Buffer {
  return Buffer.concat([Buffer.from(head(lines, status)), Buffer.from(body)])
}

/** Returns an answer with `content-length: <length>` and `body`, even if the body has another length. */
function announce(length: number | string, body: Buffer | string, ...lines: readonly string[]): Buffer {
  return message([`content-length: ${length}`, ...lines], body)
}

/** Sends a whole answer and closes the connection. */
const whole =
  (body: Buffer | string, lines: readonly string[] = [], status?: string) =>
  (socket: Socket): void => {
    const bytes = Buffer.from(body)
    socket.end(message([`content-length: ${bytes.length}`, CLOSE, ...lines], bytes, status))
  }

/**
 * Sends an answer without a body and leaves the connection open, because workerd reuses the connection even after
 * `connection: close`.
 */
const bodiless =
  (status: string, lines: readonly string[] = []) =>
  (socket: Socket): void =>
    void socket.write(head(lines, status))
const empty = (status: string, lines: readonly string[] = []) => bodiless(status, ['content-length: 0', ...lines])

/** Sends the bytes one by one, with a pause of `everyMs` before each. */
function drip(socket: Socket, bytes: Buffer, everyMs: number): void {
  let at = 0
  const timer = setInterval(() => {
    if (socket.destroyed || at === bytes.length) clearInterval(timer)
    else socket.write(bytes.subarray(at, ++at))
  }, everyMs)
}

/** Sends `bytes` again and again, as fast as the receiver reads, until the receiver leaves or `end` bytes are sent. */
function pour(socket: Socket, bytes: Buffer, end = Infinity): void {
  let sent = 0
  const more = () => {
    while (!socket.destroyed && sent < end) {
      sent += bytes.length
      if (!socket.write(bytes)) return void socket.once('drain', more)
    }
    socket.end()
  }
  more()
}

const JPEG = 'content-type: image/jpeg'
const DRIP_EVERY_MS = 200
const ZEROS = Buffer.alloc(65_536)
const GIGABYTE = 1e9

const CONNECTION: Readonly<Record<string, Fault>> = {
  'closed before an answer': (socket) => void socket.end(),
  'reset before an answer': (socket) => void socket.resetAndDestroy(),
  'reset inside the headers': (socket) => {
    socket.write('HTTP/1.1 200 OK\r\ncontent-le', () => socket.resetAndDestroy())
  },
  'reset inside the body': (socket, picture) => {
    socket.write(announce(picture.length, picture.subarray(0, 99)), () => socket.resetAndDestroy())
  },
  'closed early': (socket, picture) => void socket.end(announce(picture.length, picture.subarray(0, 99))),
  'no HTTP': (socket) => void socket.end('SSH-2.0-OpenSSH_9.6\r\n'),
}

const SPEED: Readonly<Record<string, Fault>> = {
  'no answer at all': () => {},
  'headers byte by byte': (socket) => drip(socket, Buffer.from(head(['x: y'])), DRIP_EVERY_MS),
  'body byte by byte': (socket, picture) => {
    socket.write(announce(picture.length, ''))
    drip(socket, picture, DRIP_EVERY_MS)
  },
  'stalled at 99 %': (socket, picture) => void socket.write(announce(picture.length, picture.subarray(0, -5))),
}

const FRAMING: Readonly<Record<string, Fault>> = {
  'content-length too long': (socket, picture) => void socket.end(announce(picture.length + 50, picture, CLOSE)),
  'content-length too short': (socket, picture) => void socket.end(announce(50, picture, CLOSE)),
  'two content-lengths': (socket, picture) => {
    socket.end(announce(5, picture, `content-length: ${picture.length}`, CLOSE))
  },
  'a negative content-length': (socket, picture) => void socket.end(announce(-1, picture, CLOSE)),
  'chunks of garbage': (socket) => void socket.end(message(['transfer-encoding: chunked'], 'zz\r\nxxxx\r\n')),
  'chunks without an end': (socket, picture) => {
    const size = `${picture.length.toString(16)}\r\n`
    const chunk = Buffer.concat([Buffer.from(size), picture, Buffer.from('\r\n')])
    socket.end(message(['transfer-encoding: chunked'], chunk))
  },
  'a header of 200 kB': (socket) => void socket.end(head([`x: ${'y'.repeat(200_000)}`, 'content-length: 0'])),
}

const ENCODING_AND_SIZE: Readonly<Record<string, Fault>> = {
  'chunks for ever': (socket) => {
    socket.write(head(['transfer-encoding: chunked']))
    pour(socket, Buffer.concat([Buffer.from('10000\r\n'), ZEROS, Buffer.from('\r\n')]))
  },
  'drops for ever': (socket) => {
    socket.write(head([JPEG, CLOSE]))
    const timer = setInterval(() => socket.write('drop'), 50)
    socket.on('close', () => clearInterval(timer))
  },
  'a gigabyte': (socket) => {
    socket.write(announce(GIGABYTE, ''))
    pour(socket, ZEROS, GIGABYTE)
  },
  'a gigabyte of unknown length': (socket) => {
    socket.write(head([CLOSE]))
    pour(socket, ZEROS, GIGABYTE)
  },
  'a gzip bomb': whole(gzipSync(Buffer.alloc(200e6)), ['content-encoding: gzip', 'content-type: image/png']),
  'plain, said to be gzip': (socket, picture) => whole(picture, ['content-encoding: gzip'])(socket),
  'an unknown encoding': (socket, picture) => whole(picture, ['content-encoding: zopfli'])(socket),
  'a gigabyte announced': (socket) => void socket.write(announce(GIGABYTE, ''), () => socket.destroy()),
}

const STATUS: Readonly<Record<string, Fault>> = {
  '204': bodiless('204 No Content'),
  '206 unasked': (socket, picture) => {
    const range = `content-range: bytes 0-49/${picture.length}`
    whole(picture.subarray(0, 50), [range], '206 Partial Content')(socket)
  },
  '304 unasked': bodiless('304 Not Modified'),
  '404': whole('no such picture', [], '404 Not Found'),
  '416': empty('416 Range Not Satisfiable'),
  '429': whole('slow down', ['retry-after: 9'], '429 Too Many Requests'),
  '500': whole('broken', [], '500 Internal Server Error'),
  '503': whole('down', ['retry-after: 9'], '503 Service Unavailable'),
  '999': whole('odd', [], '999 Odd'),
}

const REDIRECT: Readonly<Record<string, Fault>> = {
  'a redirect to itself': (socket, _, path) => empty('302 Found', [`location: ${path}`])(socket),
  'a redirect elsewhere': empty('301 Moved Permanently', ['location: https://elsewhere.example/']),
  'a redirect nowhere': empty('302 Found'),
  'a redirect to nonsense': empty('307 Temporary Redirect', ['location: http://[::bad']),
}

const CONTENT: Readonly<Record<string, Fault>> = {
  'a page': whole('<!doctype html><p>hello', ['content-type: text/html']),
  'a page said to be a picture': whole('<!doctype html><p>hello', [JPEG]),
  nothing: empty('200 OK', [JPEG]),
  'half a picture': (socket, picture) => whole(picture.subarray(0, picture.length >> 1), [JPEG])(socket),
  'a picture of zeros': (socket, picture) => {
    whole(Buffer.concat([picture.subarray(0, 300), Buffer.alloc(2000)]), [JPEG])(socket)
  },
}

/** Some forty ways to misbehave, by name. If a name begins with a number, the answer has that status. */
export const ORIGIN_FAULTS: Readonly<Record<string, Fault>> = {
  ...CONNECTION,
  ...SPEED,
  ...FRAMING,
  ...ENCODING_AND_SIZE,
  ...STATUS,
  ...REDIRECT,
  ...CONTENT,
}

/** Faults that still deliver a picture, or bytes that a decoder may accept as a picture. */
export const HARMLESS = [
  'chunks without an end',
  'content-length too short',
  'an unknown encoding',
  'half a picture',
  'a picture of zeros',
]

/**
 * Returns a healthy origin. Its picture is fresh for `seconds`, and a revalidation of an unchanged picture gets a 304.
 */
export const well =
  (seconds: number): Fault =>
  (socket, picture, _, request) => {
    const etag = `"${hashOf(picture)}"`
    const lines = [`cache-control: max-age=${seconds}`, `etag: ${etag}`]
    if (request.includes(`if-none-match: ${etag}`)) bodiless('304 Not Modified', lines)(socket)
    else whole(picture, [JPEG, ...lines])(socket)
  }

/** Returns an origin that sends half of the picture after `firstMs` and the rest after `lastMs`. */
export const slow =
  (firstMs: number, lastMs: number): Fault =>
  (socket, picture) => {
    const half = picture.length >> 1
    const lines = [JPEG, CLOSE, `content-length: ${picture.length}`, 'cache-control: max-age=60']
    setTimeout(() => socket.write(message(lines, picture.subarray(0, half))), firstMs)
    setTimeout(() => socket.end(picture.subarray(half)), lastMs)
  }

function hashOf(bytes: Buffer): string {
  return createHash('sha1').update(bytes).digest('hex')
}

export interface FaultyOrigin {
  readonly url: string
  /** Number of requests so far, by path. */
  readonly asked: ReadonlyMap<string, number>
  /** Sets how the origin answers requests for `path` from now on. */
  set(path: string, fault: Fault, picture: Buffer): void
  close(): void
}

export async function startFaultyOrigin(): Promise<FaultyOrigin> {
  const behaviours = new Map<string, { readonly fault: Fault; readonly picture: Buffer }>()
  const asked = new Map<string, number>()
  const open = new Set<Socket>()
  const server = createServer((socket) => {
    open.add(socket)
    socket.on('close', () => open.delete(socket)).on('error', () => {})
    let request = ''
    socket.on('data', (data) => {
      request += data.toString('latin1')
      if (!request.endsWith('\r\n\r\n')) return
      const path = /^GET ([^? ]+)/.exec(request)?.[1]
      const behaviour = path === undefined ? undefined : behaviours.get(path)
      if (!path || !behaviour) return
      asked.set(path, (asked.get(path) ?? 0) + 1)
      const asking = request.toLowerCase()
      request = ''
      behaviour.fault(socket, behaviour.picture, path, asking)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    set: (path, fault, picture) => void behaviours.set(path, { fault, picture }),
    close() {
      for (const socket of open) socket.destroy()
      server.close()
    },
  }
}
