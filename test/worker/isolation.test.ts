// Two visitors in one isolate: of the picture of the first one nothing is in what the second one gets, whose file
// is broken.
import type { Miniflare } from 'miniflare'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createRandom } from '../../worker/image/prng.ts'
import { bmp24 } from '../support/pictures/bmp.ts'
import { gradient, sharpOf } from '../support/pictures/codec.ts'
import { DAMAGES, damaged } from '../support/pictures/damage.ts'
import { type FakeOrigin, startOrigin } from '../support/origin/origin.ts'
import { sampleRgba } from '../support/engine/samples.ts'
import { startWorker } from '../support/worker/worker.ts'

const FORMATS = ['jpeg', 'png', 'webp', 'gif', 'bmp'] as const
type Picture = ReturnType<typeof gradient>

let origin: FakeOrigin
let worker: Miniflare
/** Sees broken files alone. */
let oracle: Miniflare
beforeAll(async () => {
  origin = await startOrigin()
  const vars = { ORIGIN_URL: origin.url, SR_MAX_WAIT_MS: '20000' }
  worker = await startWorker({ vars })
  oracle = await startWorker({ vars })
})
afterAll(async () => {
  await worker.dispose()
  await oracle.dispose()
  await origin.close()
})

function fileOf(picture: Picture, format: (typeof FORMATS)[number]): Promise<Buffer> | Buffer {
  return format === 'bmp' ? Buffer.from(bmp24(picture)) : sharpOf(picture).toFormat(format).toBuffer()
}

async function ask(path: string, of = worker) {
  const response = await of.dispatchFetch(`http://site.test${path}?sr=2`)
  const bytes = Buffer.from(await response.arrayBuffer())
  return { sr: response.headers.get('x-sr')!, bytes }
}

test.each(FORMATS)('after, and beside, the picture of another a broken %s is what it was', async (format) => {
  const random = createRandom(43)
  const whole = await fileOf(gradient(40, 30), format)
  let broken = 0
  for (let turn = 0; turn < 12; turn++) {
    const secret = `/secret-${turn}.${format}`
    const bad = `/bad-${turn}.${format}`
    const badFile = Buffer.from(damaged(whole, DAMAGES[turn % DAMAGES.length], random))
    origin.serve(secret, await fileOf(sampleRgba(40, 30, 100 + turn), format), { 'cache-control': 'private' })
    origin.serve(bad, badFile, { 'cache-control': 'no-store' })
    const [first, beside] = await Promise.all([ask(secret), ask(bad)])
    expect(first.sr).toMatch(/^done/)
    const after = await ask(bad)
    const alone = await ask(bad, oracle)
    for (const { sr, bytes } of [beside, after]) expect([sr, bytes.equals(alone.bytes)]).toEqual([alone.sr, true])
    if (!after.sr.startsWith('done')) {
      expect(after.sr).toMatch(
        /^skipped; reason=(DECODE|DAMAGED|NOT_AN_IMAGE|FORMAT|ANIMATED|CMYK|TOO_COMPLEX|SOURCE_PIXELS|OUTPUT_PIXELS)$/,
      )
      expect(after.bytes.equals(badFile)).toBe(true)
      broken++
    }
  }
  expect(broken).toBeGreaterThanOrEqual(3)
})
