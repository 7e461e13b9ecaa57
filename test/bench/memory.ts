// How much memory an isolate takes for its largest results: `npm run bench -- memory`. A fresh
// worker for each format, so that nothing of an earlier request is counted; looked at every few
// milliseconds while it works. WebAssembly memories count until they are collected, so the decoder's
// is mostly still among them while the encoder runs.
import sharp from 'sharp'
import { renderScene } from '../fixtures/make.ts'
import { setup } from '../support/build.ts'
import { COUNT_WASM, inspect, type IsolateMemory, residentMemory } from '../support/inspector.ts'
import { startOrigin } from '../support/origin.ts'
import { startWorker } from '../support/worker.ts'
import type { Table } from './bench.ts'

const LOOK_EVERY_MS = 3

interface Peak extends IsolateMemory {
  readonly isolate: number
  readonly process: number
}

export async function benchMemory(): Promise<Table[]> {
  setup()
  const side = Math.floor(Math.sqrt(await maxOutputPixels()) / 2)
  const notes: string[] = []
  for (const format of ['jpeg', 'png', 'webp'] as const) {
    for (const hasAlpha of format === 'jpeg' ? [false] : [false, true]) {
      const peak = await peakOf(await pictureOf(side, format, hasAlpha))
      const name = `${format}${hasAlpha ? ' with alpha' : ''}`
      const parts = Object.entries(peak).map(([part, bytes]) => `${part} ${(bytes / 1e6).toFixed(1)}`) // prettier-ignore
      notes.push(`${name.padEnd(15)} ${parts.join(', ')}`)
    }
  }
  return [{ title: `peak memory in MB, ${side}² -> ${2 * side}²`, rounds: 1, rows: [], notes }]
}

async function maxOutputPixels(): Promise<number> {
  const worker = await startWorker()
  const health = await worker.dispatchFetch('http://site.test/_sr/health')
  const { maxOutputPixels: limit } = (await health.json()) as { maxOutputPixels: number }
  await worker.dispose()
  return limit
}

async function pictureOf(
  side: number,
  format: 'jpeg' | 'png' | 'webp',
  hasAlpha: boolean,
): Promise<Buffer> {
  const { width, height, data } = await renderScene('harbour')
  const picture = data.slice()
  if (hasAlpha) for (let p = 3; p < picture.length; p += 4) picture[p] = picture[p - 1]
  const scene = sharp(picture, { raw: { width, height, channels: 4 } }).resize(side, side, { fit: 'fill' }) // prettier-ignore
  return (hasAlpha ? scene : scene.removeAlpha()).toFormat(format, { quality: 90 }).toBuffer()
}

async function peakOf(picture: Buffer): Promise<Peak> {
  const origin = await startOrigin()
  origin.serve('/picture', picture, { 'cache-control': 'no-store' })
  const worker = await startWorker({ vars: { ORIGIN_URL: origin.url }, prelude: COUNT_WASM, inspectorPort: 0 }) // prettier-ignore
  const inspector = await inspect(worker)
  let peak: Peak = { heap: 0, buffers: 0, wasm: 0, isolate: 0, process: 0 }
  const work = worker.dispatchFetch('http://site.test/picture?sr=2').then(async (response) => {
    await response.arrayBuffer()
    const field = response.headers.get('x-sr')
    if (!field?.startsWith('done')) throw new Error(`expected a result, got ${field}`)
  })
  const pause = () =>
    new Promise<'working'>((resolve) => setTimeout(resolve, LOOK_EVERY_MS, 'working'))
  while ((await Promise.race([work, pause()])) === 'working') {
    const seen = await inspector.memory()
    const isolate = seen.heap + seen.buffers + seen.wasm
    const process = Math.max(peak.process, residentMemory())
    peak = isolate > peak.isolate ? { ...seen, isolate, process } : { ...peak, process }
  }
  inspector.close()
  await worker.dispose()
  await origin.close()
  return peak
}
