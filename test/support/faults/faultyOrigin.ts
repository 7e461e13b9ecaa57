// An origin on loopback that misbehaves, path by path, in some forty ways: what goes over its sockets is written by hand.
import { createHash } from 'node:crypto'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { gzipSync } from 'node:zlib'

/** What an origin sends on a connection once it was asked for a path. */
export type Fault = (socket: Socket, picture: Buffer, path: string, asked: string) => void

const head = (lines: readonly string[], status = '200 OK') => [`HTTP/1.1 ${status}`, ...lines, '', ''].join('\r\n')
const whole =
  (body: Buffer | string, lines: readonly string[] = [], status = '200 OK') =>
  (socket: Socket) => {
    const bytes = Buffer.from(body)
    socket.end(
      Buffer.concat([
        Buffer.from(head([`content-length: ${bytes.length}`, 'connection: close', ...lines], status)),
        bytes,
      ]),
    )
  }
/** The connection stays: workerd uses it again after an answer without a body, whatever that says of closing it. */
const bodiless =
  (text: string, lines: readonly string[] = []) =>
  (socket: Socket) =>
    void socket.write(head(lines, text))
const empty = (text: string, lines: readonly string[] = []) => bodiless(text, ['content-length: 0', ...lines])

const dripping = (socket: Socket, bytes: Buffer, everyMs: number) => {
  let at = 0
  const timer = setInterval(() => {
    if (socket.destroyed || at === bytes.length) clearInterval(timer)
    else socket.write(bytes.subarray(at, ++at))
  }, everyMs)
}

/** Writes the same again and again, as fast as the other side reads, until that leaves or `end` bytes are sent. */
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

/** Some forty misbehaviours. One whose name begins with a number answers with that status. */
export const ORIGIN_FAULTS: Readonly<Record<string, Fault>> = {
  // The connection
  'closed before an answer': (socket) => void socket.end(),
  'reset before an answer': (socket) => void socket.resetAndDestroy(),
  'reset inside the headers': (socket) =>
    void socket.write('HTTP/1.1 200 OK\r\ncontent-le', () => socket.resetAndDestroy()),
  'reset inside the body': (socket, picture) =>
    void socket.write(
      Buffer.concat([Buffer.from(head([`content-length: ${picture.length}`])), picture.subarray(0, 99)]),
      () => socket.resetAndDestroy(),
    ),
  'closed early': (socket, picture) =>
    void socket.end(Buffer.concat([Buffer.from(head([`content-length: ${picture.length}`])), picture.subarray(0, 99)])),
  'no HTTP': (socket) => void socket.end('SSH-2.0-OpenSSH_9.6\r\n'),
  // Its speed
  'no answer at all': () => {},
  'headers byte by byte': (socket) => dripping(socket, Buffer.from(head(['x: y'])), 200),
  'body byte by byte': (socket, picture) => {
    socket.write(head([`content-length: ${picture.length}`]))
    dripping(socket, picture, 200)
  },
  'stalled at 99 %': (socket, picture) =>
    void socket.write(
      Buffer.concat([Buffer.from(head([`content-length: ${picture.length}`])), picture.subarray(0, -5)]),
    ),
  // Its framing
  'content-length too long': (socket, picture) =>
    void socket.end(
      Buffer.concat([Buffer.from(head([`content-length: ${picture.length + 50}`, 'connection: close'])), picture]),
    ),
  'content-length too short': (socket, picture) =>
    void socket.end(Buffer.concat([Buffer.from(head(['content-length: 50', 'connection: close'])), picture])),
  'two content-lengths': (socket, picture) =>
    void socket.end(
      Buffer.concat([
        Buffer.from(head(['content-length: 5', `content-length: ${picture.length}`, 'connection: close'])),
        picture,
      ]),
    ),
  'a negative content-length': (socket, picture) =>
    void socket.end(Buffer.concat([Buffer.from(head(['content-length: -1', 'connection: close'])), picture])),
  'chunks of garbage': (socket) => void socket.end(`${head(['transfer-encoding: chunked'])}zz\r\nxxxx\r\n`),
  'chunks without an end': (socket, picture) =>
    void socket.end(
      Buffer.concat([
        Buffer.from(`${head(['transfer-encoding: chunked'])}${picture.length.toString(16)}\r\n`),
        picture,
        Buffer.from('\r\n'),
      ]),
    ),
  'a header of 200 kB': (socket) => void socket.end(head([`x: ${'y'.repeat(200_000)}`, 'content-length: 0'])),
  // Its encoding and size
  'chunks for ever': (socket) => {
    socket.write(head(['transfer-encoding: chunked']))
    pour(socket, Buffer.concat([Buffer.from('10000\r\n'), Buffer.alloc(65_536), Buffer.from('\r\n')]))
  },
  'drops for ever': (socket) => {
    socket.write(head(['content-type: image/jpeg', 'connection: close']))
    const timer = setInterval(() => socket.write('drop'), 50)
    socket.on('close', () => clearInterval(timer))
  },
  'a gigabyte': (socket) => {
    socket.write(head(['content-length: 1000000000']))
    pour(socket, Buffer.alloc(65_536), 1e9)
  },
  'a gigabyte of unknown length': (socket) => {
    socket.write(head(['connection: close']))
    pour(socket, Buffer.alloc(65_536), 1e9)
  },
  'a gzip bomb': whole(gzipSync(Buffer.alloc(200e6)), ['content-encoding: gzip', 'content-type: image/png']),
  'plain, said to be gzip': (socket, picture) => whole(picture, ['content-encoding: gzip'])(socket),
  'an unknown encoding': (socket, picture) => whole(picture, ['content-encoding: zopfli'])(socket),
  'a gigabyte announced': (socket) => void socket.write(head(['content-length: 1000000000']), () => socket.destroy()),
  // Its status
  '204': bodiless('204 No Content'),
  '206 unasked': (socket, picture) =>
    whole(picture.subarray(0, 50), [`content-range: bytes 0-49/${picture.length}`], '206 Partial Content')(socket),
  '304 unasked': bodiless('304 Not Modified'),
  '404': whole('no such picture', [], '404 Not Found'),
  '416': empty('416 Range Not Satisfiable'),
  '429': whole('slow down', ['retry-after: 9'], '429 Too Many Requests'),
  '500': whole('broken', [], '500 Internal Server Error'),
  '503': whole('down', ['retry-after: 9'], '503 Service Unavailable'),
  '999': whole('odd', [], '999 Odd'),
  // Its redirects
  'a redirect to itself': (socket, _, path) => empty('302 Found', [`location: ${path}`])(socket),
  'a redirect elsewhere': empty('301 Moved Permanently', ['location: https://elsewhere.example/']),
  'a redirect nowhere': empty('302 Found'),
  'a redirect to nonsense': empty('307 Temporary Redirect', ['location: http://[::bad']),
  // Its content
  'a page': whole('<!doctype html><p>hello', ['content-type: text/html']),
  'a page said to be a picture': whole('<!doctype html><p>hello', ['content-type: image/jpeg']),
  nothing: empty('200 OK', ['content-type: image/jpeg']),
  'half a picture': (socket, picture) =>
    whole(picture.subarray(0, picture.length >> 1), ['content-type: image/jpeg'])(socket),
  'a picture of zeros': (socket, picture) =>
    whole(Buffer.concat([picture.subarray(0, 300), Buffer.alloc(2000)]), ['content-type: image/jpeg'])(socket),
}

/** These give a picture all the same, or what passes for one. */
export const HARMLESS = [
  'chunks without an end',
  'content-length too short',
  'an unknown encoding',
  'half a picture',
  'a picture of zeros',
]

const PICTURE = ['content-type: image/jpeg', 'connection: close']

/** As it should be. What it gives is fresh for so many seconds; then it says of the same picture that it is the same. */
export const well =
  (seconds: number): Fault =>
  (socket, picture, _, asked) => {
    const etag = `"${hashOf(picture)}"`
    const lines = [`cache-control: max-age=${seconds}`, `etag: ${etag}`]
    if (asked.includes(`if-none-match: ${etag}`)) bodiless('304 Not Modified', lines)(socket)
    else whole(picture, ['content-type: image/jpeg', ...lines])(socket)
  }

/** Half of a picture after so many milliseconds, the rest after so many. */
export const slow =
  (firstMs: number, lastMs: number): Fault =>
  (socket, picture) => {
    const half = picture.length >> 1
    const start = Buffer.from(head([...PICTURE, `content-length: ${picture.length}`, 'cache-control: max-age=60']))
    setTimeout(() => socket.write(Buffer.concat([start, picture.subarray(0, half)])), firstMs)
    setTimeout(() => socket.end(picture.subarray(half)), lastMs)
  }

function hashOf(bytes: Buffer): string {
  return createHash('sha1').update(bytes).digest('hex')
}

export interface FaultyOrigin {
  readonly url: string
  /** How often a path was asked for. */
  readonly asked: ReadonlyMap<string, number>
  /** What a path does from now on. */
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
