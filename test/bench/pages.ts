// `npm run bench -- pages`: whole pages of new pictures at once, with a deploy's defaults in one isolate of workerd; a
// visitor who asks for the dearest pictures again and again beside one who opens a page; and many visitors at once, of
// whose work the isolate's peak memory is measured. Fails if the peak exceeds MAX_ISOLATE_BYTES.
import { setTimeout as sleep } from 'node:timers/promises'
import sharp from 'sharp'
import { renderScene } from '../fixtures/make.ts'
import { COUNT_WASM, inspect } from '../support/measure/inspector.ts'
import { describePeak, type Peak, peakDuring } from '../support/measure/peak.ts'
import { type FakeOrigin, startOrigin } from '../support/servers/origin.ts'
import { setup } from '../support/worker/build.ts'
import { startWorker } from '../support/worker/worker.ts'
import type { Table } from './compare.ts'

/** Most memory of an isolate, which may have 128 MB. */
const MAX_ISOLATE_BYTES = 110e6
const BROWSER_CONNECTIONS = 6
/** How long the visitors and the attackers ask. */
const LOAD_MS = 60_000
const VISITORS = 16

/** A picture of a page: what the origin sends, and what the page asks for. */
interface Shown {
  readonly bytes: Buffer
  readonly query: string
}

interface Answer {
  readonly outcome: string
  readonly ms: number
}

interface Site {
  readonly origin: FakeOrigin
  /** Asks for a picture that nobody has asked for before. Breaks off after `leaveMs`. */
  ask(shown: Shown, visitor: string, leaveMs?: number): Promise<Answer>
  /** Asks for a path. */
  get(path: string, visitor: string): Promise<Answer>
  peakDuring(work: Promise<unknown>): Promise<Peak>
  close(): Promise<void>
}

export async function benchPages({ isQuick }: { readonly isQuick: boolean }): Promise<Table[]> {
  await setup()
  const loadMs = isQuick ? LOAD_MS / 6 : LOAD_MS
  const notes = await pageNotes()
  const attacks = await attackNotes(loadMs)
  const memory = await memoryNotes(loadMs)
  if (memory.isTooHigh) process.exitCode = 1
  return [
    { title: 'pages of new pictures, defaults of a deploy', rounds: 1, rows: [], notes },
    { title: 'a page beside visitors who ask for the dearest pictures', rounds: 1, rows: [], notes: attacks },
    { title: `${VISITORS} visitors at once, ${loadMs / 1000} s`, rounds: 1, rows: [], notes: memory.notes },
  ]
}

async function startSite(): Promise<Site> {
  const origin = await startOrigin()
  const worker = await startWorker({ vars: { ORIGIN_URL: origin.url }, prelude: COUNT_WASM, inspectorPort: 0 })
  const inspector = await inspect(worker)
  const url = await worker.ready
  let asked = 0
  const get = async (path: string, visitor: string, leaveMs?: number): Promise<Answer> => {
    const startedAt = performance.now()
    const signal = leaveMs === undefined ? undefined : AbortSignal.timeout(leaveMs)
    try {
      const response = await fetch(new URL(path, url), { headers: { 'cf-connecting-ip': visitor }, signal })
      await response.arrayBuffer()
      return { outcome: outcomeOf(response.headers.get('x-sr')), ms: performance.now() - startedAt }
    } catch (error) {
      if (!signal?.aborted) throw error
      return { outcome: 'left', ms: performance.now() - startedAt }
    }
  }
  return {
    origin,
    get,
    ask({ bytes, query }, visitor, leaveMs) {
      const path = `/${asked++}`
      origin.serve(path, bytes, { 'cache-control': 'max-age=600' })
      return get(`${path}?${query}`, visitor, leaveMs)
    },
    peakDuring: (work) => peakDuring(inspector, work),
    async close() {
      inspector.close()
      await worker.dispose()
      await origin.close()
    },
  }
}

function outcomeOf(xSr: string | null): string {
  return /^done/.exec(xSr ?? '')?.[0] ?? /reason=(\w+)/.exec(xSr ?? '')?.[1] ?? 'error'
}

let scene: ReturnType<typeof renderScene> | undefined
let seeds = 0

/** Returns a drawn scene with some noise, which is different for each call. */
async function drawn(width: number, height: number, sigma = 4): Promise<sharp.Sharp> {
  const { data: pixels, ...size } = await (scene ??= renderScene('harbour'))
  const { data, info } = await sharp(pixels, { raw: { ...size, channels: 4 } })
    .removeAlpha()
    .resize(width, height, { fit: 'fill' })
    .raw()
    .toBuffer({ resolveWithObject: true })
  let state = (++seeds * 2654435761) >>> 0
  for (let i = 0; i < data.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    data[i] = Math.max(0, Math.min(255, data[i] + ((state >>> 24) / 255 - 0.5) * 2 * sigma))
  }
  return sharp(data, { raw: info })
}

async function smallPictures(count: number): Promise<Shown[]> {
  const make = async () => ({ bytes: await (await drawn(480, 320)).jpeg({ quality: 85 }).toBuffer(), query: 'sr=2' })
  return Promise.all(Array.from({ length: count }, make))
}

/** A JPEG of 6.25 MP that becomes 25 MP, and six PNGs of 4 MB. */
async function largePictures(): Promise<Shown[]> {
  const jpeg = { bytes: await (await drawn(2500, 2500)).jpeg({ quality: 85 }).toBuffer(), query: 'sr=2' }
  const png = async () => ({ bytes: await (await drawn(1250, 1000, 24)).png().toBuffer(), query: 'sr=2' })
  return [jpeg, ...(await Promise.all(Array.from({ length: 6 }, png)))]
}

async function pageNotes(): Promise<string[]> {
  const notes: string[] = []
  for (const count of [12, 24, 48]) {
    notes.push(await pageNote(`${count} of 480x320 x2`, await smallPictures(count), Infinity))
    notes.push(await pageNote(`${count} of 480x320 x2`, await smallPictures(count), BROWSER_CONNECTIONS))
  }
  const mixed = [...(await largePictures()), ...(await smallPictures(48))]
  notes.push(await pageNote('48, a 25 MP result and six 4 MB PNGs', mixed, Infinity))
  notes.push(await pageNote('the same, the large ones last', mixed.toReversed(), Infinity))
  return notes
}

/** Opens a page in a fresh isolate, and once more. */
async function pageNote(title: string, page: readonly Shown[], connections: number): Promise<string> {
  const site = await startSite()
  for (const [i, { bytes }] of page.entries())
    site.origin.serve(`/page-${i}`, bytes, { 'cache-control': 'max-age=600' })
  const open = () => limited(connections, page, ({ query }, i) => site.get(`/page-${i}?${query}`, '192.0.2.1'))
  const first: { answers?: Answer[] } = {}
  const peak = await site.peakDuring(open().then((answers) => (first.answers = answers)))
  const again = await open()
  await site.close()
  const answers = first.answers!
  const last = Math.max(...answers.map(({ ms }) => ms))
  const how = connections === Infinity ? 'all at once' : `${connections} at a time`
  return `${title}, ${how}: ${counts(answers)}; median ${seconds(medianOf(answers))}, last ${seconds(last)}; reload: ${counts(again)}; ${describePeak('', peak).trim()}`
}

async function limited<T, R>(
  most: number,
  items: readonly T[],
  work: (item: T, i: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = []
  let next = 0
  const line = async () => {
    while (next < items.length) {
      const i = next++
      results[i] = await work(items[i], i)
    }
  }
  await Promise.all(Array.from({ length: Math.min(most, items.length) }, line))
  return results
}

/** The dearest pictures: a JPEG that becomes 25 MP, and a PNG with alpha by srcnn. */
async function dearPictures(): Promise<Shown[]> {
  const [jpeg] = await largePictures()
  const alpha = (await drawn(760, 760)).ensureAlpha(0.5)
  return [jpeg, { bytes: await alpha.png().toBuffer(), query: 'sr=2&sr-model=srcnn' }]
}

async function attackNotes(loadMs: number): Promise<string[]> {
  const dear = await dearPictures()
  const one = ['192.0.2.1']
  const sixteen = Array.from({ length: 16 }, (_, i) => `198.51.100.${i}`)
  const cases: [string, readonly string[], string][] = [
    ['nobody attacks', [], '192.0.2.2'],
    ['one address, once a second, leaves after 0.3 s', one, '192.0.2.2'],
    ['16 addresses, together once a second', sixteen, '192.0.2.2'],
    ['one address that all share', one, '192.0.2.1'],
  ]
  const notes: string[] = []
  for (const [title, attackers, visitor] of cases) {
    const site = await startSite()
    const small = await smallPictures(Math.ceil(loadMs / 1000))
    const endsAt = performance.now() + loadMs
    const attack = (async () => {
      for (let i = 0; attackers.length > 0 && performance.now() < endsAt; i++) {
        void site.ask(dear[i % dear.length], attackers[i % attackers.length], attackers === one ? 300 : undefined)
        await sleep(1000)
      }
    })()
    const answers: Answer[] = []
    const visit = (async () => {
      await sleep(2500)
      for (const shown of small) {
        if (performance.now() > endsAt) break
        answers.push(await site.ask(shown, visitor))
        await sleep(700)
      }
    })()
    const peak = await site.peakDuring(Promise.all([attack, visit]))
    await site.close()
    notes.push(`${title}: ${counts(answers)}; median ${seconds(medianOf(answers))}; ${describePeak('', peak).trim()}`)
  }
  return notes
}

async function memoryNotes(loadMs: number): Promise<{ notes: string[]; isTooHigh: boolean }> {
  const photo = async (width: number, height: number, quality: number, query: string) => {
    return { bytes: await (await drawn(width, height, 24)).jpeg({ quality }).toBuffer(), query }
  }
  const deep = (await drawn(900, 900, 40)).toColourspace('rgb16')
  const alpha = (await drawn(760, 760)).ensureAlpha(0.5)
  const kinds: [string, Shown[]][] = [
    ['JPEGs of 16 MP', [await photo(4600, 3450, 88, 'sr=2')]],
    ['16-bit PNGs', [{ bytes: await deep.png().toBuffer(), query: 'sr-width=640' }]],
    [
      '760² with alpha as WebP and PNG',
      [
        { bytes: await alpha.clone().webp().toBuffer(), query: 'sr=2' },
        { bytes: await alpha.clone().png().toBuffer(), query: 'sr=2' },
      ],
    ],
    ['photographs of 12 MP to 1280', [await photo(4032, 3024, 85, 'sr-width=1280')]],
  ]
  kinds.push(['all of these', kinds.flatMap(([, shown]) => shown)])
  const notes: string[] = []
  let isTooHigh = false
  for (const [title, shown] of kinds) {
    const site = await startSite()
    const endsAt = performance.now() + loadMs
    const answers: Answer[] = []
    const visitor = async (name: string, from: number) => {
      for (let i = from; performance.now() < endsAt; i++) answers.push(await site.ask(shown[i % shown.length], name))
    }
    const peak = await site.peakDuring(
      Promise.all(Array.from({ length: VISITORS }, (_, i) => visitor(`198.51.100.${i}`, i))),
    )
    await site.close()
    const isOver = peak.isolate > MAX_ISOLATE_BYTES
    isTooHigh ||= isOver
    const sizes = shown.map(({ bytes }) => `${(bytes.length / 1e6).toFixed(1)} MB`).join(', ')
    notes.push(`${title} (${sizes}): ${counts(answers)}; ${describePeak('', peak).trim()}${isOver ? ', TOO HIGH' : ''}`)
  }
  return { notes, isTooHigh }
}

function counts(answers: readonly Answer[]): string {
  const byOutcome = new Map<string, number>()
  for (const { outcome } of answers) byOutcome.set(outcome, (byOutcome.get(outcome) ?? 0) + 1)
  return [...byOutcome].map(([outcome, count]) => `${count} ${outcome}`).join(', ')
}

const seconds = (ms: number) => `${(ms / 1000).toFixed(2)} s`

function medianOf(answers: readonly Answer[]): number {
  const sorted = answers.map(({ ms }) => ms).toSorted((a, b) => a - b)
  return sorted[sorted.length >> 1] ?? 0
}
