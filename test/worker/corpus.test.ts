// Every file of the corpus through the deployed bundle in workerd: what is valid comes back larger, or as it
// was with the reason; nothing that is hostile or broken gives an error or hangs.
import { Miniflare, type MiniflareOptions } from 'miniflare'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bundleWorker } from '../support/worker/bundle.ts'
import { decodeBySharp, difference } from '../support/pictures/codec.ts'
import { bytesOf, DECODABLE, type Entry, entries, obstacleOf } from '../support/pictures/corpus.ts'
import { COUNT_WASM, inspect, type Inspector } from '../support/worker/inspector.ts'
import { type FakeOrigin, startOrigin } from '../support/origin/origin.ts'
import { describePeak, NO_PEAK, type Peak, peakDuring } from '../support/worker/peak.ts'
import { withProcesses, workerdMs } from '../support/worker/processes.ts'
import { startWorker } from '../support/worker/worker.ts'

const SCALE = 2
/** Of a result: no encoder of ours writes more. */
const MAX_SIDE = 16_000
/** CPU of workerd for a file that is refused; the least of two tries, as compiling and collecting fall on some. */
const MAX_REFUSAL_MS = 100
/** What is not collected yet counts. */
const MAX_ISOLATE_BYTES = 110e6
const MINUTES = { timeout: 900_000 }
const DECODE_WORKER = new URL('../support/worker/decodeWorker.ts', import.meta.url).pathname
/** A GIF without a picture but for transparency: libvips makes it opaque, browsers do not. */
const ALPHA_DIFFERS = /gif\/.*metadata-full/

describe.runIf(entries.length > 0)('the corpus in workerd', () => {
  let maxOutputPixels: number
  let origin: FakeOrigin
  let worker: Miniflare
  let processes: number[]
  let inspector: Inspector
  let peak: Peak = NO_PEAK
  let good: Buffer
  const table = new Map<string, Map<string, number>>()

  beforeAll(async () => {
    origin = await startOrigin()
    const options = { vars: { ORIGIN_URL: origin.url }, prelude: COUNT_WASM, inspectorPort: 0 }
    ;[worker, processes] = await withProcesses(() => startWorker(options))
    inspector = await inspect(worker)
    const health = await worker.dispatchFetch('http://site.test/_sr/health')
    ;({ maxOutputPixels } = (await health.json()) as { maxOutputPixels: number })
    const noise = { type: 'gaussian', mean: 128, sigma: 30 } as const
    good = await sharp({ create: { width: 90, height: 70, channels: 3, background: '#000', noise } })
      .jpeg()
      .toBuffer()
  })
  afterAll(async () => {
    inspector.close()
    await worker.dispose()
    await origin.close()
  })

  async function ask(bytes: Uint8Array) {
    origin.serve('/file', bytes, { 'cache-control': 'no-store' })
    const start = workerdMs(processes)
    const response = await worker.dispatchFetch(`http://site.test/file?sr=${SCALE}`)
    const body = Buffer.from(await response.arrayBuffer())
    const { status, headers } = response
    return { status, sr: headers.get('x-sr') ?? '', body, ms: workerdMs(processes) - start }
  }
  const isDone = (sr: string) => sr.startsWith('done')

  /** One line a problem, and the group's line in the table. */
  async function check(
    group: string,
    chosen: readonly Entry[],
    problemOf: (entry: Entry, bytes: Uint8Array) => Promise<string | undefined>,
  ): Promise<string[]> {
    const problems: string[] = []
    const all = async () => {
      for (const entry of chosen) {
        const problem = await problemOf(entry, bytesOf(entry)).catch((error: unknown) => String(error))
        if (problem) problems.push(`${entry.file}: ${problem}`)
      }
    }
    const seen = await peakDuring(inspector, all())
    const process = Math.max(peak.process, seen.process)
    peak = seen.isolate > peak.isolate ? { ...seen, process } : { ...peak, process }
    console.log(describePeak('peak, MB', seen))
    console.log(
      `${group}: ${chosen.length} files, ${[...(table.get(group) ?? [])].map(([what, n]) => `${what} ${n}`).join(', ')}`,
    )
    return problems
  }
  const count = (group: string, what: string) => {
    const counts = table.get(group) ?? new Map<string, number>()
    table.set(group, counts.set(what, (counts.get(what) ?? 0) + 1))
  }
  /** The original, or an error of the one who asks, soon. */
  async function problemOfRefusal(bytes: Uint8Array, first: Awaited<ReturnType<typeof ask>>) {
    if (first.status !== 200 && (first.status < 400 || first.status >= 500)) return `status ${first.status}`
    if (first.status === 200 && !first.body.equals(bytes)) return `other bytes, ${first.sr}`
    const ms = first.ms < MAX_REFUSAL_MS ? first.ms : Math.min(first.ms, (await ask(bytes)).ms)
    return ms < MAX_REFUSAL_MS ? undefined : `took ${ms.toFixed(0)} ms of CPU, ${first.sr}`
  }

  const valid = entries.filter((entry) => entry.expect === 'decode')
  const pictures = valid.filter((entry) => DECODABLE.includes(entry.format!) && !obstacleOf(entry))
  /** The limits of a result are the tighter ones. */
  const isServed = (entry: Entry) => {
    const { w = 0, h = 0 } = entry
    return pictures.includes(entry) && w * h * SCALE ** 2 <= maxOutputPixels && Math.max(w, h) * SCALE <= MAX_SIDE
  }

  test('valid pictures come back larger, upright', MINUTES, async () => {
    const group = 'valid, within limits'
    const problems = await check(group, valid.filter(isServed), async ({ w = 0, h = 0, orientation = 1 }, bytes) => {
      const { status, sr, body } = await ask(bytes)
      count(group, sr.split(';')[0])
      if (status !== 200 || !isDone(sr)) return `${status}, ${sr}`
      const { width, height } = await sharp(body).metadata()
      const [wide, high] = orientation > 4 ? [h, w] : [w, h]
      return width === SCALE * wide && height === SCALE * high ? undefined : `${width}x${height}`
    })
    expect(problems).toEqual([])
  })

  test('all other valid files come back byte for byte, with the reason', MINUTES, async () => {
    const group = 'valid, others'
    const problems = await check(
      group,
      valid.filter((entry) => !isServed(entry)),
      async (_, bytes) => {
        const answer = await ask(bytes)
        count(group, answer.sr.replace('skipped; reason=', ''))
        if (answer.status !== 200 || !answer.sr.startsWith('skipped')) return `${answer.status}, ${answer.sr}`
        return problemOfRefusal(bytes, answer)
      },
    )
    expect(problems).toEqual([])
  })

  test('hostile and broken files give the original or a 4xx, soon', MINUTES, async () => {
    for (const group of ['limit', 'reject', 'nocrash', 'may']) {
      const problems = await check(
        group,
        entries.filter((entry) => entry.expect === group),
        async (entry, bytes) => {
          const answer = await ask(bytes)
          count(group, isDone(answer.sr) ? 'done' : answer.sr.replace('skipped; reason=', ''))
          if (!isDone(answer.sr)) return problemOfRefusal(bytes, answer)
          return ['limit', 'reject'].includes(entry.expect) ? 'was made larger' : undefined
        },
      )
      expect(problems).toEqual([])
    }
  })

  test('an isolate that has seen them all held less than 110 MB throughout, and is whole', async () => {
    console.log(describePeak('peak, MB', peak))
    expect(peak.isolate).toBeLessThan(MAX_ISOLATE_BYTES)
    const fresh = await startWorker({ vars: { ORIGIN_URL: origin.url } })
    const { sr, body } = await ask(good)
    const response = await fresh.dispatchFetch(`http://site.test/file?sr=${SCALE}`)
    expect(isDone(sr)).toBe(true)
    expect(body.equals(Buffer.from(await response.arrayBuffer()))).toBe(true)
    await fresh.dispose()
  })

  test('valid pictures decode in workerd as in libvips, to two levels', MINUTES, async () => {
    const modules = await bundleWorker(DECODE_WORKER)
    const decoder = new Miniflare({ compatibilityDate: '2026-04-01', modules, cf: false } as MiniflareOptions)
    const problems: string[] = []
    for (const entry of pictures) {
      if (entry.format === 'bmp') continue // libvips reads none
      const bytes = bytesOf(entry)
      const response = await decoder.dispatchFetch('http://decode.test/', { method: 'POST', body: bytes })
      const data = new Uint8Array(await response.arrayBuffer())
      const [width, height] = ['width', 'height'].map((name) => Number(response.headers.get(name)))
      const { color, alpha } = difference({ width, height, data }, await decodeBySharp(bytes))
      // Alpha of 16 bits is rounded here, cut there.
      const isClose = color <= 2 && (alpha <= 1 || ALPHA_DIFFERS.test(entry.file))
      if (!isClose) problems.push(`${entry.file}: differs by ${color}, alpha by ${alpha}`)
    }
    await decoder.dispose()
    expect(problems).toEqual([])
  })
})

test.skipIf(entries.length > 0)(
  'the corpus in workerd is skipped: ../shared/corpus, beside the repository, is not there',
  () => {},
)
