// Two visitors share one isolate. The file of the second visitor is broken, and the answer to the second visitor must
// contain nothing of the first visitor's picture.
import { expect, test } from 'vitest'
import { createRandom } from '../../worker/image/prng.ts'
import { bmp24 } from '../support/pictures/bmp.ts'
import { gradient, sharpOf } from '../support/pictures/codec.ts'
import { DAMAGES, damaged } from '../support/pictures/damage.ts'
import { sampleRgba } from '../support/engine/samples.ts'
import { type Site, startSite } from '../support/worker/site.ts'

const FORMATS = ['jpeg', 'png', 'webp', 'gif', 'bmp'] as const
type Picture = ReturnType<typeof gradient>

const vars = { SR_MAX_WAIT_MS: '20000' }
const site = startSite({ vars })
/** A worker that gets only broken files, so its answers hold nothing of another picture. */
const oracle = startSite({ vars })

function fileOf(picture: Picture, format: (typeof FORMATS)[number]): Promise<Buffer> | Buffer {
  return format === 'bmp' ? Buffer.from(bmp24(picture)) : sharpOf(picture).toFormat(format).toBuffer()
}

test.each(FORMATS)(
  "the answer for a broken %s is the same during and after the work on another visitor's picture",
  async (format) => {
    const answerFor = ({ ask }: Site, path: string) => ask(`${path}?sr=2`)
    const random = createRandom(43)
    const whole = await fileOf(gradient(40, 30), format)
    let broken = 0
    for (let turn = 0; turn < 12; turn++) {
      const secret = `/secret-${turn}.${format}`
      const bad = `/bad-${turn}.${format}`
      const badFile = Buffer.from(damaged(whole, DAMAGES[turn % DAMAGES.length], random))
      site.origin.serve(secret, await fileOf(sampleRgba(40, 30, 100 + turn), format), { 'cache-control': 'private' })
      for (const { origin } of [site, oracle]) origin.serve(bad, badFile, { 'cache-control': 'no-store' })
      const [first, beside] = await Promise.all([answerFor(site, secret), answerFor(site, bad)])
      expect(first.sr).toMatch(/^done/)
      const after = await answerFor(site, bad)
      const alone = await answerFor(oracle, bad)
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
  },
)
