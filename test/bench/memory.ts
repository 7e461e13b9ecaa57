// `npm run bench -- memory` measures the peak memory of an isolate. First, it makes the largest possible results, with
// a fresh worker for each format, so that no memory of an earlier request is counted. Then it makes one miss after
// another in the same worker, so that memory that earlier misses left behind is counted, too. Memory is sampled every
// few milliseconds. WebAssembly memories count until they are garbage collected.
import type { Miniflare } from 'miniflare'
import sharp from 'sharp'
import { readHeader } from '../../worker/codec/header.ts'
import { estimateCost } from '../../worker/picture/cost.ts'
import { renderScene } from '../fixtures/make.ts'
import { setup } from '../support/worker/build.ts'
import { COUNT_WASM, inspect, type Inspector } from '../support/measure/inspector.ts'
import { startOrigin } from '../support/servers/origin.ts'
import { shippedFamilies } from '../support/engine/shipped.ts'
import { startWorker } from '../support/worker/worker.ts'
import type { Table } from './compare.ts'
import { readMaxOutputPixels } from './limits.ts'
import { describePeak, NO_PEAK, type Peak, peakDuring } from '../support/measure/peak.ts'

const FORMATS = ['jpeg', 'png', 'webp'] as const

/**
 * Number of consecutive misses, with alternating formats. The first half brings the isolate to its steady state and is
 * not counted.
 */
const MISSES = 30
const COUNTED_MISSES = 15

export async function benchMemory(): Promise<Table[]> {
  await setup()
  const largest = Math.floor(Math.sqrt(await readMaxOutputPixels()))
  // Side of a picture whose result is slightly more than twice as wide and high as the picture itself. The worker
  // enlarges such a picture by 3 and then shrinks it.
  const small = Math.floor(largest / 2.02)
  return [
    await benchFormats(Math.floor(largest / 2), 2, 2 * Math.floor(largest / 2), 'sr=2'),
    await benchFormats(small, 3, largest, `sr-width=${largest}`),
    await benchFamilies(),
    await benchSteadyState([
      [256, 'sr=3'],
      [Math.floor(largest / 3), 'sr=3'],
      [Math.floor(largest / 2), 'sr=2'],
      [small, `sr-width=${largest}`],
    ]),
  ]
}

async function benchFormats(from: number, scale: number, to: number, query: string): Promise<Table> {
  const notes: string[] = []
  for (const format of FORMATS) {
    for (const hasAlpha of format === 'jpeg' ? [false] : [false, true]) {
      const picture = await pictureOf(from, format, hasAlpha)
      const { memoryBytes } = estimateCost(
        readHeader(picture),
        picture.length,
        { divisor: 1, scale, width: to, height: to, format },
        undefined,
      )
      const peak = describePeak(`${format}${hasAlpha ? ' with alpha' : ''}`, await peakOf(picture, query))
      notes.push(`${peak}, estimated ${(memoryBytes / 1e6).toFixed(1)}`)
    }
  }
  return { title: `peak memory in MB, ${from}² -> ${to}² by x${scale}`, rounds: 1, rows: [], notes }
}

async function benchFamilies(): Promise<Table> {
  const [scale, side] = [3, 512]
  const picture = await pictureOf(side, 'jpeg', false)
  const notes: string[] = []
  for (const model of await shippedFamilies(scale)) {
    notes.push(describePeak(model, await peakOf(picture, `sr=${scale}&sr-model=${model}`)))
  }
  const title = `peak memory in MB by network, ${side}² -> ${scale * side}², JPEG`
  return { title, rounds: 1, rows: [], notes }
}

async function benchSteadyState(cases: readonly (readonly [number, string])[]): Promise<Table> {
  const notes: string[] = []
  for (const [side, query] of cases) {
    const pictures = await Promise.all(FORMATS.map((format) => pictureOf(side, format, false)))
    notes.push(describePeak(`${side}², ${query}`, await steadyPeakOf(pictures, query)))
  }
  const title = `peak memory in MB, the last ${COUNTED_MISSES} of ${MISSES} misses in mixed formats`
  return { title, rounds: COUNTED_MISSES, rows: [], notes }
}

async function pictureOf(side: number, format: (typeof FORMATS)[number], hasAlpha: boolean): Promise<Buffer> {
  const { width, height, data } = await renderScene('harbour')
  const picture = data.slice()
  if (hasAlpha) for (let p = 3; p < picture.length; p += 4) picture[p] = picture[p - 1]
  const scene = sharp(picture, { raw: { width, height, channels: 4 } }).resize(side, side, { fit: 'fill' })
  return (hasAlpha ? scene : scene.removeAlpha()).toFormat(format, { quality: 90 }).toBuffer()
}

/** Returns the peak during the first request of a fresh worker. */
function peakOf(picture: Buffer, query: string): Promise<Peak> {
  return withWorker([picture], (worker, inspector) => {
    return peakDuring(inspector, fetchLarger(worker, 0, query))
  })
}

/** Returns the highest peak during the last COUNTED_MISSES requests. */
function steadyPeakOf(pictures: readonly Buffer[], query: string): Promise<Peak> {
  return withWorker(pictures, async (worker, inspector) => {
    let highest = NO_PEAK
    for (let miss = 0; miss < MISSES; miss++) {
      const work = fetchLarger(worker, miss % pictures.length, query)
      const peak = await peakDuring(inspector, work)
      if (miss >= MISSES - COUNTED_MISSES && peak.isolate > highest.isolate) highest = peak
    }
    return highest
  })
}

async function withWorker(
  pictures: readonly Buffer[],
  measure: (worker: Miniflare, inspector: Inspector) => Promise<Peak>,
): Promise<Peak> {
  const origin = await startOrigin()
  for (const [i, picture] of pictures.entries()) {
    origin.serve(`/${i}`, picture, { 'cache-control': 'no-store' })
  }
  const vars = { ORIGIN_URL: origin.url, SR_SIZES: '1536' }
  const worker = await startWorker({ vars, prelude: COUNT_WASM, inspectorPort: 0 })
  const inspector = await inspect(worker)
  const peak = await measure(worker, inspector)
  inspector.close()
  await worker.dispose()
  await origin.close()
  return peak
}

async function fetchLarger(worker: Miniflare, picture: number, query: string): Promise<void> {
  const response = await worker.dispatchFetch(`http://site.test/${picture}?${query}`)
  await response.arrayBuffer()
  const field = response.headers.get('x-sr')
  if (!field?.startsWith('done')) throw new Error(`expected a result, got ${field}`)
}
