// The fault matrix. A cell is an origin, what is known of its picture, and what fails inside the worker. In each
// the visitor gets the picture, sharper or as it was, or the origin's own error, in time; and when all is
// well again so is the answer: from the origin, from R2 and from the edge.
import { request } from 'node:http'
import { join } from 'node:path'
import type { Miniflare } from 'miniflare'
import sharp from 'sharp'
import { concat } from '../../../worker/base/concat.ts'
import { STORAGE_TIMEOUT_MS } from '../../../worker/base/timeout.ts'
import { bundleWorker } from '../worker/bundle.ts'
import { type Fault, HARMLESS, ORIGIN_FAULTS, slow, startFaultyOrigin, well } from './faultyOrigin.ts'
import { type Faults, FAULTS_HEADER } from '../faultyWorker/faults.ts'
import { pngChunk, withChunks } from '../pictures/png.ts'
import { ROOT, startWorker } from '../worker/worker.ts'

/** How long the worker waits for an origin's answer, and for its body. */
export interface Timeouts {
  readonly originMs: number
  readonly sourceMs: number
}

/** Enough for a healthy origin beside others that pour gigabytes. */
const SHORT: Timeouts = { originMs: 1500, sourceMs: 1000 }
/** Beside an origin's time: for stores that hang, and for our own work. */
const MARGIN_MS = 5000
/** The stores are well again when the last write that hung is given up. */
const RECOVERY_MS = 10 * STORAGE_TIMEOUT_MS

export const FORMATS = ['jpeg', 'png', 'webp'] as const
export type Format = (typeof FORMATS)[number]

/** What is known of a picture from before. */
export const KNOWN = ['nothing', 'fresh', 'stale'] as const

/** When a visitor leaves: the request is sent, the origin is asked, the network computes, the first bytes have come. */
export const LEAVING = ['at once', 'before the origin answers', 'at work', 'in the body'] as const

export interface Cell {
  /** A name in ORIGIN_FAULTS or WELL. */
  readonly origin: string
  readonly known: (typeof KNOWN)[number]
  readonly faults: Faults
  /** Default: stays. */
  readonly leaves?: (typeof LEAVING)[number]
  /** Default JPEG. */
  readonly format?: Format
  /** Default `sr=2`. */
  readonly query?: string
  /** Default: as long as the origin may take when it is asked twice, and MARGIN_MS. */
  readonly deadlineMs?: number
  /** Makes the worker's surroundings well again. */
  readonly heal?: () => Promise<void>
}

/** Origins that give a picture; `changed` gives another than before, `late` in the last moment of the default timeouts. */
const WELL: Readonly<Record<string, Fault>> = {
  well: well(60),
  changed: well(60),
  slow: slow(150, 300),
  late: slow(9500, 28_500),
}

export interface Answer {
  readonly code: number
  /** Undefined: it broke off, or had no end. */
  readonly body: Buffer | undefined
  readonly sr: string | undefined
  readonly ms: number
  readonly cacheControl: string | undefined
  readonly cacheStatus: string
}

export interface Matrix {
  readonly worker: Miniflare
  /** Tries a cell; rejects with what went wrong. */
  tryCell(cell: Cell): Promise<void>
  /** Of the answers in all cells until now. */
  tally(): string
  dispose(): Promise<void>
}

/** `prepare` may fill the buckets before the worker is asked for anything. */
export async function startMatrix(
  prepare?: (worker: Miniflare) => Promise<void>,
  { originMs, sourceMs } = SHORT,
): Promise<Matrix> {
  const origin = await startFaultyOrigin()
  const vars = {
    ORIGIN_URL: origin.url,
    SR_ORIGIN_TIMEOUT_MS: `${originMs}`,
    SR_SOURCE_TIMEOUT_MS: `${sourceMs}`,
    // That many cells are tried at once is not what is tried.
    SR_MAX_WAITING: '1000',
    SR_MAX_WAIT_MS: '20000',
  }
  const modules = await bundleWorker(join(ROOT, 'test/support/faultyWorker/index.ts'), '', { ORT: '"none"' })
  const worker = await startWorker({
    vars,
    modules,
    flags: ['nodejs_als'],
    buckets: ['RESULTS_BUCKET', 'MODELS_BUCKET'],
  })
  await prepare?.(worker)
  const tally = { tried: 0, held: 0, longestMs: 0, longest: '' }
  let ids = 0

  const ask = async (url: string, faults: Faults = {}): Promise<Answer> => {
    const start = performance.now()
    const response = await worker.dispatchFetch(`http://site.test${url}`, {
      redirect: 'manual',
      headers: { [FAULTS_HEADER]: JSON.stringify(faults) },
    })
    const ms = performance.now() - start
    const body = response.body ? await readBody(response.body as ReadableStream<Uint8Array>) : Buffer.alloc(0)
    const { status: code, headers } = response
    const header = (name: string) => headers.get(name) ?? undefined
    return {
      code,
      body,
      ms,
      sr: header('x-sr'),
      cacheControl: header('cache-control'),
      cacheStatus: header('cache-status') ?? '',
    }
  }

  /** Asks until an answer says in Cache-Status what it should; none of them may be wrong. */
  const askUntil = async (
    url: string,
    faults: Faults,
    says: RegExp,
    fault: (answer: Answer) => Promise<string | undefined> = async () => undefined,
  ) => {
    const deadline = performance.now() + RECOVERY_MS
    for (;;) {
      const answer = await ask(url, faults)
      const wrong = await fault(answer)
      if (wrong) throw new Error(`${wrong}: ${about(answer)}`)
      if (says.test(answer.cacheStatus)) return
      if (performance.now() > deadline) throw new Error(`for ever: ${about(answer)}`)
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }

  /** What becomes of the drawn pictures where nothing fails. */
  const drawn = await Promise.all(
    FORMATS.map((format) =>
      Promise.all(
        BACKGROUNDS.map(async (background) => {
          const bytes = await draw(format, background)
          const path = `/drawn-${format}-${background.slice(1)}`
          origin.set(path, well(60), bytes)
          const { body } = await ask(`${path}?sr=2`)
          if (!(await isEnlarged(body, 2))) throw new Error(`${path} does not become larger`)
          return { bytes, result: body! }
        }),
      ),
    ),
  )

  /** Sends a request and drops the connection at the moment `when`. */
  const leave = async (path: string, url: string, faults: Faults, when: Cell['leaves']) => {
    const timesAsked = () => origin.asked.get(path) ?? 0
    const before = timesAsked()
    const { hostname, port } = await worker.ready
    const headers = { host: 'site.test', [FAULTS_HEADER]: JSON.stringify(faults) }
    const leaving = request({ hostname, port, path: url, headers }).on('error', () => {})
    const begun = new Promise<void>((resolve) =>
      leaving.on('response', (response) => response.once('data', () => resolve())),
    )
    await new Promise<void>((resolve) => leaving.end(resolve))
    if (when === 'in the body') await Promise.race([begun, pause(MARGIN_MS)])
    else if (when !== 'at once') {
      const deadline = performance.now() + MARGIN_MS
      while (timesAsked() === before && performance.now() < deadline) await pause(5)
      if (when === 'at work') await pause(AT_WORK_MS)
    }
    leaving.socket?.resetAndDestroy() // workerd takes a mere end for a half-closed connection, and works on
  }

  const run = async (cell: Cell) => {
    const { origin: name, known, faults, leaves, format = 'jpeg', query = 'sr=2' } = cell
    const id = ids++
    const path = `/${id}.${format}`
    const url = `${path}?${query}`
    const [first, other] = drawn[FORMATS.indexOf(format)]
    if (known !== 'nothing') {
      origin.set(path, well(known === 'fresh' ? 60 : 0), numbered(first.bytes, format, id))
      await askUntil(url, {}, /hit|304/)
    }
    const isOther = name === 'changed'
    const original = numbered(isOther ? other.bytes : first.bytes, format, id)
    const { result } = isOther && known !== 'fresh' ? other : first
    const isResult = async ({ body }: Answer) => {
      const isExact = query === 'sr=2' && !HARMLESS.includes(name)
      return isExact ? body?.equals(result) === true : isEnlarged(body, Number(query[3]))
    }
    const notDone = async (answer: Answer) =>
      answer.code === 200 && answer.sr?.startsWith('done') && (await isResult(answer)) ? undefined : 'not the result'

    origin.set(path, WELL[name] ?? ORIGIN_FAULTS[name], original)
    if (leaves) {
      await leave(path, url, faults, leaves)
      origin.set(path, well(60), original)
    }
    const answer = await ask(url, leaves ? {} : faults)
    if (answer.ms > tally.longestMs) Object.assign(tally, { longestMs: answer.ms, longest: titleOf(cell) })
    const { deadlineMs = leaves ? originMs + sourceMs + STORAGE_TIMEOUT_MS : 2 * (originMs + sourceMs) + MARGIN_MS } =
      cell
    const wrong =
      answer.ms > deadlineMs
        ? 'late'
        : leaves
          ? await notDone(answer)
          : await wrongWith(answer, cell, original, isResult)
    if (wrong) throw new Error(`${wrong}: ${about(answer)}`)

    await cell.heal?.()
    origin.set(path, well(60), original)
    await askUntil(url, {}, /hit/, notDone)
    await askUntil(url, { edge: 'get finds nothing' }, /r2$/, notDone)
    await askUntil(url, {}, /edge$/, notDone)
  }

  return {
    worker,
    async tryCell(cell) {
      tally.tried++
      try {
        await run(cell)
        tally.held++
      } catch (cause) {
        throw new Error(`${titleOf(cell)}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
      }
    },
    tally() {
      const { tried, held, longestMs, longest } = tally
      return `${tried} cells tried, ${held} held, longest answer ${(longestMs / 1000).toFixed(1)} s (${longest})`
    },
    async dispose() {
      await worker.dispose()
      origin.close()
    },
  }
}

/** What is wrong with an answer while everything fails that a cell says. */
async function wrongWith(
  answer: Answer,
  { origin, known, faults, query }: Cell,
  original: Buffer,
  isResult: (answer: Answer) => Promise<boolean>,
): Promise<string | undefined> {
  const { code, body, sr, cacheControl } = answer
  const isWell = origin in WELL
  // A store that reads as it should has what is known.
  const isRead = (fault = '') => fault === '' || fault.startsWith('put')
  const isKnown = known !== 'nothing' && (isRead(faults.edge) || isRead(faults.r2))
  if (sr?.startsWith('done')) {
    const mayBe = isWell || known !== 'nothing' || HARMLESS.includes(origin)
    return mayBe && code === 200 && (await isResult(answer)) ? undefined : 'not its result'
  }
  if (isKnown && (known === 'fresh' ? query === undefined : [500, 502, 503, 504].includes(code)))
    return 'not what is known'
  if (isWell) return code === 200 && body?.equals(original) ? undefined : 'neither result nor original'
  // Ours to say are these three, and nobody keeps them.
  if (sr === undefined)
    return [502, 504, 508].includes(code) && cacheControl === 'no-store' ? undefined : 'an error that is not ours'
  const own = /^\d{3}/.exec(origin)?.[0] ?? (origin.startsWith('a redirect') ? /^30\d/ : '200')
  return `${code}`.match(own) ? undefined : 'not the origin’s own answer'
}

/** How long a body may come, and how much of it: a visitor has seen enough then, and leaves. */
const PATIENCE_MS = 500
const PATIENCE_BYTES = 15e6

async function readBody(body: ReadableStream<Uint8Array>): Promise<Buffer | undefined> {
  const reader = body.getReader()
  const chunks: Uint8Array[] = []
  let isLeft = false
  const leave = () => {
    isLeft = true
    void reader.cancel().catch(() => {})
  }
  const timer = setTimeout(leave, PATIENCE_MS)
  try {
    for (let size = 0; ;) {
      const { done, value } = await reader.read()
      if (done) return isLeft ? undefined : Buffer.concat(chunks)
      chunks.push(value)
      size += value.length
      if (size > PATIENCE_BYTES) leave()
    }
  } catch {
    return undefined
  } finally {
    clearTimeout(timer)
  }
}

/** Within the time that `network takes long` takes. */
const AT_WORK_MS = 150

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

function about({ code, body, sr, ms, cacheStatus }: Answer): string {
  return `${code}, ${body?.length} bytes, ${Math.round(ms)} ms, x-sr: ${sr}, cache-status: ${cacheStatus}`
}

function titleOf({ origin, known, faults, leaves, format, query }: Cell): string {
  const failing = Object.entries(faults).map(([where, what]) => `${where}: ${what}`)
  const parts = [`origin: ${origin}`, `known: ${known}`, ...failing, leaves && `leaves: ${leaves}`, format, query]
  return parts.filter((part) => part !== undefined).join(', ')
}

const WIDTH = 40
const HEIGHT = 30
const BACKGROUNDS = ['#000', '#630']

function draw(format: Format, background: string): Promise<Buffer> {
  const noise = { type: 'gaussian', mean: 128, sigma: 30 } as const
  return sharp({ create: { width: WIDTH, height: HEIGHT, channels: 3, background, noise } })
    .toFormat(format, { quality: 95 })
    .toBuffer()
}

async function isEnlarged(body: Buffer | undefined, scale: number): Promise<boolean> {
  if (!body?.length) return false
  const { width, height } = await sharp(body).metadata()
  return width === scale * WIDTH && height === scale * HEIGHT
}

/** The same pixels in other bytes: results are kept by the digest of these, and no two cells share any. */
function numbered(picture: Buffer, format: Format, id: number): Buffer {
  const label = Buffer.from(`${id}`.padStart(8, '0'))
  switch (format) {
    case 'jpeg': {
      const comment = Buffer.from([0xff, 0xfe, 0, 2 + label.length])
      return Buffer.concat([picture.subarray(0, 2), comment, label, picture.subarray(2)])
    }
    case 'png': {
      const text = pngChunk('tEXt', concat([Buffer.from('id\0'), label]))
      return Buffer.from(withChunks(picture, 'IDAT', [text]))
    }
    case 'webp': {
      const size = Buffer.from([label.length, 0, 0, 0])
      const whole = Buffer.concat([picture, Buffer.from('ID  '), size, label])
      whole.writeUInt32LE(whole.length - 8, 4) // of the whole file
      return whole
    }
  }
}
