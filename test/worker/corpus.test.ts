// Sends every file of the corpus through the deployed bundle in workerd. A valid file comes back larger, or unchanged
// with a reason. No hostile or broken file leads to an error or a hang.
import { Miniflare, type MiniflareOptions } from 'miniflare'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readHeader } from '../../worker/codec/header.ts'
import { ISOLATE_LIMITS, MAX_OUTPUT_SIDE } from '../../worker/platform/limits.ts'
import { bundleWorker } from '../support/worker/bundle.ts'
import { decodeBySharp, difference } from '../support/pictures/codec.ts'
import {
  bytesOf,
  DECODABLE,
  type CorpusEntry,
  entries,
  LACKS_COLORS,
  LACKS_DATA,
  obstacleOf,
} from '../support/pictures/corpus.ts'
import { COUNT_WASM, inspect, type Inspector } from '../support/measure/inspector.ts'
import { describePeak, NO_PEAK, type Peak, peakDuring } from '../support/measure/peak.ts'
import { processesOfWorkerd, workerdMs } from '../support/measure/processes.ts'
import { startSite } from '../support/worker/site.ts'

const SCALE = 2
/**
 * Most CPU time of workerd for a refused file, in ms. The shorter of two tries counts, because a try may include
 * compilation or garbage collection.
 */
const MAX_REFUSAL_MS = 100
/** Most memory of an isolate in bytes, including memory that is not garbage-collected yet. */
const MAX_ISOLATE_BYTES = 110e6
const MINUTES = { timeout: 900_000 }
const DECODE_WORKER = new URL('../support/worker/decodeWorker.ts', import.meta.url).pathname
/** A GIF whose pixels are all transparent. libvips makes them opaque, but browsers do not. */
const ALPHA_DIFFERS = /gif\/.*metadata-full/

describe.runIf(entries.length > 0)('the corpus in workerd', () => {
  const site = startSite({ prelude: COUNT_WASM, inspectorPort: 0 })
  const { origin } = site
  let processes: number[]
  let inspector: Inspector
  let peak: Peak = NO_PEAK
  let good: Buffer
  const table = new Map<string, Map<string, number>>()

  beforeAll(async () => {
    processes = processesOfWorkerd()
    inspector = await inspect(site.worker)
    const noise = { type: 'gaussian', mean: 128, sigma: 30 } as const
    good = await sharp({ create: { width: 90, height: 70, channels: 3, background: '#000', noise } })
      .jpeg()
      .toBuffer()
  })
  afterAll(() => inspector.close())

  async function ask(bytes: Uint8Array) {
    origin.serve('/file', bytes, { 'cache-control': 'no-store' })
    const start = workerdMs(processes)
    const { status, sr, bytes: body } = await site.ask(`/file?sr=${SCALE}`)
    return { status, sr, body, ms: workerdMs(processes) - start }
  }
  const isDone = (sr: string) => sr.startsWith('done')

  /** Calls `problemOf` for all chosen files, and returns one line for each problem. */
  async function check(
    group: string,
    chosen: readonly CorpusEntry[],
    problemOf: (entry: CorpusEntry, bytes: Uint8Array) => Promise<string | undefined>,
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
  /** Returns what is wrong if an answer is neither the original nor a 4xx, or took too much CPU time. */
  async function problemOfRefusal(bytes: Uint8Array, first: Awaited<ReturnType<typeof ask>>) {
    if (first.status !== 200 && (first.status < 400 || first.status >= 500)) return `status ${first.status}`
    if (first.status === 200 && !first.body.equals(bytes)) return `other bytes, ${first.sr}`
    const ms = first.ms < MAX_REFUSAL_MS ? first.ms : Math.min(first.ms, (await ask(bytes)).ms)
    return ms < MAX_REFUSAL_MS ? undefined : `took ${ms.toFixed(0)} ms of CPU, ${first.sr}`
  }

  const valid = entries.filter((entry) => entry.expect === 'decode')
  const pictures = valid.filter(
    (entry) => DECODABLE.includes(entry.format!) && !obstacleOf(entry) && !LACKS_DATA.test(entry.file),
  )
  /**
   * True if a file can be enlarged and its result is within the limits for results. A source within the limits for
   * sources can have a result beyond them.
   */
  const isServed = (entry: CorpusEntry) => {
    const { w = 0, h = 0 } = entry
    const { type, alpha } = readHeader(bytesOf(entry))
    const most = ISOLATE_LIMITS.resultPixels(type === 'jpeg' || type === 'webp' ? type : 'png', alpha)
    return pictures.includes(entry) && w * h * SCALE ** 2 <= most && Math.max(w, h) * SCALE <= MAX_OUTPUT_SIDE
  }

  test('valid pictures come back larger and upright', MINUTES, async () => {
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

  test('all other valid files come back unchanged, byte for byte, with the reason', MINUTES, async () => {
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

  test(
    'for hostile and broken files the answer is the original or a 4xx, within 100 ms of CPU time',
    MINUTES,
    async () => {
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
    },
  )

  test('an isolate holds less than 110 MB while it gets all files, and still makes the same result as a new isolate', async () => {
    console.log(describePeak('peak, MB', peak))
    expect(peak.isolate).toBeLessThan(MAX_ISOLATE_BYTES)
    const fresh = await site.startAnother()
    const { sr, body } = await ask(good)
    const { bytes } = await fresh.ask(`/file?sr=${SCALE}`)
    expect(isDone(sr)).toBe(true)
    expect(body.equals(bytes)).toBe(true)
  })

  test('valid pictures decode in workerd as in libvips, within three levels', MINUTES, async () => {
    const modules = await bundleWorker(DECODE_WORKER)
    const decoder = new Miniflare({ compatibilityDate: '2026-04-01', modules, cf: false } as MiniflareOptions)
    const problems: string[] = []
    for (const entry of pictures) {
      if (entry.format === 'bmp' || LACKS_COLORS.test(entry.file)) continue // libvips cannot read it, or shows other colours
      const bytes = bytesOf(entry)
      const response = await decoder.dispatchFetch('http://decode.test/', { method: 'POST', body: bytes })
      const data = new Uint8Array(await response.arrayBuffer())
      const [width, height] = ['width', 'height'].map((name) => Number(response.headers.get(name)))
      const { color, alpha } = difference({ width, height, data }, await decodeBySharp(bytes))
      // Our decoder rounds a 16-bit alpha to 8 bits, but libvips truncates it.
      // Our JPEG decoder differs from libjpeg-turbo by one level of Y'CbCr.
      const isClose = color <= (entry.format === 'jpeg' ? 3 : 2) && (alpha <= 1 || ALPHA_DIFFERS.test(entry.file))
      if (!isClose) problems.push(`${entry.file}: differs by ${color}, alpha by ${alpha}`)
    }
    await decoder.dispose()
    expect(problems).toEqual([])
  })
})

test.skipIf(entries.length > 0)(
  'the corpus in workerd is skipped: ../shared/corpus beside the repository does not exist',
  () => {},
)
