// Sends files through the deployed bundle in workerd that would cost seconds of CPU time or hundreds of megabytes without
// the limits of headers and decoders.
import sharp from 'sharp'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { COUNT_WASM, inspect, type Inspector } from '../support/measure/inspector.ts'
import { peakDuring } from '../support/measure/peak.ts'
import { processesOfWorkerd, workerdMs } from '../support/measure/processes.ts'
import { hostileFiles } from '../support/pictures/hostile.ts'
import { alphaOfManyHuffmanGroups, frameOfChunks, manyHuffmanGroups } from '../support/pictures/vp8l.ts'
import { startSite } from '../support/worker/site.ts'

/**
 * Most CPU time of workerd in ms. The shorter of two tries counts. To pass a file of 10 MB on takes up to 250 ms, to look
 * at the start of one 10 ms; the rest is room for a busy machine.
 */
const MAX_GET_MS = 700
const MAX_HEAD_MS = 100
/** An isolate may have 128 MB. */
const MAX_ISOLATE_BYTES = 110e6

const noise = { type: 'gaussian', mean: 128, sigma: 30 } as const
const still = sharp({ create: { width: 40, height: 30, channels: 3, background: '#000', noise } })
const jpeg = await still.clone().jpeg().toBuffer()
const webp = await still.clone().webp().toBuffer()
const black = await sharp({ create: { width: 512, height: 512, channels: 3, background: '#000' } })
  .webp()
  .toBuffer()

const site = startSite({ prelude: COUNT_WASM, inspectorPort: 0 })
const { origin } = site
let processes: number[]
let inspector: Inspector
beforeAll(async () => {
  processes = processesOfWorkerd()
  inspector = await inspect(site.worker)
  origin.serve('/file', jpeg, { 'cache-control': 'no-store' })
  await site.ask('/file?sr=2')
})
afterAll(() => inspector.close())

async function msOf(method: 'GET' | 'HEAD'): Promise<number> {
  const start = workerdMs(processes)
  const { status } = await site.ask('/file?sr=2', { method })
  expect(status).toBe(200)
  return workerdMs(processes) - start
}

test.each([
  ...hostileFiles(jpeg, webp),
  ['WebP: 512x512 with 16,384 groups of Huffman codes', manyHuffmanGroups(512, 16_384, 11)] as const,
  ['WebP: 512x512 with 4,000 groups of Huffman codes', manyHuffmanGroups(512, 4000)] as const,
  ['WebP: alpha with 16,384 groups of Huffman codes', alphaOfManyHuffmanGroups(black, 512, 16_384)] as const,
  ['WebP: a frame of 1.2 million chunks', frameOfChunks(webp, 40, 30, 1_200_000)] as const,
])('costs less than 0.7 s and 110 MB, and its header less than 0.1 s: %s', async (_, file) => {
  origin.serve('/file', file, { 'cache-control': 'no-store' })
  const times: number[] = []
  const gets = async () => {
    for (let i = 0; i < 2; i++) times.push(await msOf('GET'))
  }
  const peak = await peakDuring(inspector, gets())
  expect(peak.isolate).toBeLessThan(MAX_ISOLATE_BYTES)
  expect(Math.min(...times)).toBeLessThan(MAX_GET_MS)
  expect(Math.min(await msOf('HEAD'), await msOf('HEAD'))).toBeLessThan(MAX_HEAD_MS)
})
