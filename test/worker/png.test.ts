// PNG by rows in workerd, whose DecompressionStream keeps all that it inflates and reports other errors than Node's.
import { Miniflare, type MiniflareOptions } from 'miniflare'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { deflateSync } from 'node:zlib'
import { readHeader } from '../../worker/codec/header.ts'
import { codec } from '../support/pictures/codec.ts'
import { PNG_KINDS, PNG_TAILS, type PngSpec, writePngFile } from '../support/pictures/pngFile.ts'
import { bundleWorker } from '../support/worker/bundle.ts'

const DECODE_WORKER = new URL('../support/worker/decodeWorker.ts', import.meta.url).pathname
const spec: PngSpec = {
  width: 500,
  height: 400,
  colorType: 2,
  depth: 8,
  byteAt: (i, y) => (i * i) ^ (y * i) ^ (y >> 3),
  filterAt: (y) => y % 5,
}

let worker: Miniflare
beforeAll(async () => {
  const modules = await bundleWorker(DECODE_WORKER)
  worker = new Miniflare({ compatibilityDate: '2026-04-01', modules, cf: false } as MiniflareOptions)
})
afterAll(() => worker.dispose())

async function decodeInWorker(file: Uint8Array): Promise<Buffer> {
  const response = await worker.dispatchFetch('http://decode.test/', { method: 'POST', body: file })
  if (!response.ok) throw new Error(await response.text())
  return Buffer.from(await response.arrayBuffer())
}

const inNode = async (file: Uint8Array) => Buffer.from((await codec.decode(file, readHeader(file))).data)

test.each(PNG_KINDS)('colour type %i with %i bits gives the same pixels as in Node', async (colorType, depth) => {
  const palette =
    colorType === 3 ? Uint8Array.from({ length: 600 }, (_, i) => i).subarray(0, 3 * 2 ** depth) : undefined
  const file = writePngFile({ ...spec, colorType, depth, palette })
  expect((await decodeInWorker(file)).equals(await inNode(file))).toBe(true)
})

test.each(PNG_TAILS)('%s does not matter', async (_, alter) => {
  for (const [width, height] of [
    [1, 1],
    [500, 400],
  ]) {
    const picture = { ...spec, width, height }
    expect(
      (await decodeInWorker(writePngFile({ ...picture, alter }))).equals(await inNode(writePngFile(picture))),
    ).toBe(true)
  }
})

test.each<[string, (deflated: Uint8Array) => Uint8Array]>([
  ['end early', (deflated) => deflated.subarray(0, deflated.length >> 1)],
  ['lack their last bytes', (deflated) => deflated.subarray(0, -8)],
  ['are corrupt', (deflated) => deflated.map((byte, i) => (i > 1000 && i < 1100 ? 0xff : byte))],
])('data that %s are a DamagedError', async (_, alter) => {
  await expect(decodeInWorker(writePngFile({ ...spec, alter }))).rejects.toThrow('DamagedError')
})

test('a bomb is decoded, and pixels of other pictures are the same at the same time', async () => {
  const bomb = new Uint8Array(deflateSync(new Uint8Array(300e6)))
  const files = [
    writePngFile({ ...spec, byteAt: () => 0, alter: () => bomb }),
    writePngFile(spec),
    writePngFile({ ...spec, width: 16, height: 16, byteAt: () => 0, alter: () => bomb }),
    writePngFile({ ...spec, colorType: 6 }),
  ]
  const results = await Promise.all(files.map(decodeInWorker))
  for (const [i, file] of files.entries()) expect(results[i].equals(await inNode(file))).toBe(true)
})
