// Tries the cells of the fault matrix. During the faults, the visitor must get the picture (enlarged or not) or the
// error of the origin, in time. After the faults, the visitor must get the result from the origin, from R2 and from the
// edge cache.
import { request } from 'node:http'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Miniflare } from 'miniflare'
import { STORAGE_TIMEOUT_MS } from '../../../worker/base/timeout.ts'
import { type Faults, FAULTS_HEADER } from '../faultyWorker/faults.ts'
import { bundleWorker } from '../worker/bundle.ts'
import { ROOT, startWorker } from '../worker/worker.ts'
import { type Cell, HEALTHY, cellTitle } from './cell.ts'
import { BACKGROUNDS, CELL_SIZE, draw, CELL_FORMATS, isEnlarged, numbered, scaleOf } from './cellPictures.ts'
import { HARMLESS, ORIGIN_FAULTS, startFaultyOrigin, well } from './faultyOrigin.ts'
import { type CellAnswer, describeAnswer, wrongWhenWell, wrongWith } from './judge.ts'

/** How long the worker waits for the answer of an origin (`originMs`) and then for the body (`sourceMs`). */
export interface Timeouts {
  readonly originMs: number
  readonly sourceMs: number
}

/** Timeouts that are short, but long enough for a healthy origin to answer while other origins send gigabytes. */
const SHORT: Timeouts = { originMs: 1500, sourceMs: 1000 }
/** Time in ms that hanging stores and the worker's own work may take, in addition to the timeouts of the origin. */
const MARGIN_MS = 5000
/** Longest time in ms until the stores work again. By then, the worker has given up all writes that hang. */
const RECOVERY_MS = 10 * STORAGE_TIMEOUT_MS
/**
 * Time in ms that a visitor who leaves `at work` waits after the origin was asked, so that the network is computing by
 * then. It is shorter than the delay of the fault `network takes long`.
 */
const AT_WORK_MS = 150

/** A part of the query of every request in the matrix, which no line of the log may contain. */
export const SECRET = 'secret-0123456789'

export interface FaultMatrix {
  readonly worker: Miniflare
  /** All lines that the worker has logged. */
  readonly lines: readonly string[]
  /** Tries a cell. Rejects with a description of what went wrong. */
  tryCell(cell: Cell): Promise<void>
  /** Returns a line with the number of cells tried, the number that passed, and the longest time of an answer. */
  tally(): string
  dispose(): Promise<void>
}

/** Starts a worker and a faulty origin. `prepare` runs before the first request and may fill the buckets. */
export async function startMatrix(
  prepare?: (worker: Miniflare) => Promise<void>,
  { originMs, sourceMs } = SHORT,
): Promise<FaultMatrix> {
  const origin = await startFaultyOrigin()
  const vars = {
    ORIGIN_URL: origin.url,
    SR_ORIGIN_TIMEOUT_MS: `${originMs}`,
    SR_SOURCE_TIMEOUT_MS: `${sourceMs}`,
    // Many cells are tried at the same time, and none of them may be skipped as BUSY.
    SR_MAX_WAIT_MS: '20000',
    SR_SIZES: `${CELL_SIZE}`,
  }
  const modules = await bundleWorker(join(ROOT, 'test/support/faultyWorker/index.ts'), '', { ORT: '"none"' })
  const lines: string[] = []
  const worker = await startWorker({
    vars,
    modules,
    log: (line) => void lines.push(line),
    flags: ['nodejs_als'],
    buckets: ['RESULTS_BUCKET', 'MODELS_BUCKET'],
  })
  await prepare?.(worker)
  const tally = { tried: 0, held: 0, longestMs: 0, longest: '' }
  let ids = 0

  const ask = async (url: string, faults: Faults = {}): Promise<CellAnswer> => {
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
      length: headers.has('content-length') ? Number(headers.get('content-length')) : undefined,
      sr: header('x-sr'),
      cacheControl: header('cache-control'),
      cacheStatus: header('cache-status') ?? '',
    }
  }

  /** Repeats a request until its Cache-Status matches `says`. `wrongWithOne` judges every answer. */
  const askUntil = async (
    url: string,
    faults: Faults,
    says: RegExp,
    wrongWithOne: (answer: CellAnswer) => Promise<string | undefined> = async () => undefined,
  ) => {
    const deadline = performance.now() + RECOVERY_MS
    for (;;) {
      const answer = await ask(url, faults)
      const wrong = await wrongWithOne(answer)
      if (wrong) throw new Error(`${wrong}: ${describeAnswer(answer)}`)
      if (says.test(answer.cacheStatus)) return
      if (performance.now() > deadline) throw new Error(`Cache-Status never matched ${says}: ${describeAnswer(answer)}`)
      await pause(10)
    }
  }

  /** Draws a picture and lets the worker enlarge it while nothing fails. */
  const drawWithResult = async (format: (typeof CELL_FORMATS)[number], background: string) => {
    const bytes = await draw(format, background)
    const path = `/drawn-${format}-${background.slice(1)}`
    origin.set(path, well(60), bytes)
    const { body } = await ask(`${path}?sr=2`)
    if (!body || !(await isEnlarged(body, 2))) throw new Error(`${path} is not enlarged`)
    return { bytes, result: body }
  }
  const drawn = await Promise.all(
    CELL_FORMATS.map((format) => Promise.all(BACKGROUNDS.map((background) => drawWithResult(format, background)))),
  )

  /** Sends a request and resets its connection at the moment `when`. */
  const leave = async (path: string, url: string, faults: Faults, when: Cell['leaves']) => {
    const timesAsked = () => origin.asked.get(path) ?? 0
    const before = timesAsked()
    const { hostname, port } = await worker.ready
    const headers = { host: 'site.test', [FAULTS_HEADER]: JSON.stringify(faults) }
    const leaving = request({ hostname, port, path: url, headers }).on('error', () => {})
    const firstBytes = new Promise<void>((resolve) =>
      leaving.on('response', (response) => response.once('data', () => resolve())),
    )
    await new Promise<void>((resolve) => leaving.end(resolve))
    if (when === 'in the body') await Promise.race([firstBytes, pause(MARGIN_MS)])
    else if (when !== 'at once') {
      const deadline = performance.now() + MARGIN_MS
      while (timesAsked() === before && performance.now() < deadline) await pause(5)
      if (when === 'at work') await pause(AT_WORK_MS)
    }
    // After a normal end of the connection, workerd would continue its work, as for a half-closed connection.
    leaving.socket?.resetAndDestroy()
  }

  const deadlineOf = ({ leaves, deadlineMs }: Cell) => {
    if (deadlineMs !== undefined) return deadlineMs
    return leaves ? originMs + sourceMs + STORAGE_TIMEOUT_MS : 2 * (originMs + sourceMs) + MARGIN_MS
  }

  const run = async (cell: Cell) => {
    const { origin: name, known, faults, leaves, format = 'jpeg', query = 'sr=2' } = cell
    const id = ids++
    const path = `/${id}.${format}`
    const url = `${path}?${query}&token=${SECRET}`

    // Fills the caches with what the worker should know before the request.
    const [first, other] = drawn[CELL_FORMATS.indexOf(format)]
    if (known !== 'nothing') {
      origin.set(path, well(known === 'fresh' ? 60 : 0), numbered(first.bytes, format, id))
      await askUntil(url, {}, /hit|304/)
    }

    // Defines which answers are right.
    const isChanged = name === 'changed'
    const original = numbered(isChanged ? other.bytes : first.bytes, format, id)
    const { result } = isChanged && known !== 'fresh' ? other : first
    const isExact = query === 'sr=2' && !HARMLESS.includes(name)
    const isResult = async ({ body }: CellAnswer) =>
      isExact ? body?.equals(result) === true : isEnlarged(body, scaleOf(query))
    const wrongLater = (answer: CellAnswer) => wrongWhenWell(answer, isResult)

    // Sends the request of the cell during its faults.
    origin.set(path, HEALTHY[name] ?? ORIGIN_FAULTS[name], original)
    if (leaves) {
      await leave(path, url, faults, leaves)
      origin.set(path, well(60), original)
    }
    const answer = await ask(url, leaves ? {} : faults)
    if (answer.ms > tally.longestMs) Object.assign(tally, { longestMs: answer.ms, longest: cellTitle(cell) })
    if (answer.ms > deadlineOf(cell)) throw new Error(`too late: ${describeAnswer(answer)}`)
    const wrong = leaves ? await wrongLater(answer) : await wrongWith(answer, cell, original, isResult)
    if (wrong) throw new Error(`${wrong}: ${describeAnswer(answer)}`)

    // Ends the faults and sends more requests.
    await cell.heal?.()
    origin.set(path, well(60), original)
    await askUntil(url, {}, /hit/, wrongLater)
    await askUntil(url, { edge: 'get finds nothing' }, /r2$/, wrongLater)
    await askUntil(url, {}, /edge$/, wrongLater)
  }

  return {
    worker,
    lines,
    async tryCell(cell) {
      tally.tried++
      try {
        await run(cell)
        tally.held++
      } catch (cause) {
        throw new Error(`${cellTitle(cell)}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
      }
    },
    tally() {
      const { tried, held, longestMs, longest } = tally
      return `${tried} cells tried, ${held} passed, longest answer ${(longestMs / 1000).toFixed(1)} s (${longest})`
    },
    async dispose() {
      await worker.dispose()
      origin.close()
    },
  }
}

/** The visitor leaves if a body takes longer than PATIENCE_MS or is larger than PATIENCE_BYTES. */
const PATIENCE_MS = 500
const PATIENCE_BYTES = 15e6

/** Reads a body. Returns undefined if the body broke off or the visitor left. */
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
