// Original and result are drawn by Chromium. The result, averaged back to the original's size, must look as the original
// does, whatever the file says about its colours, and whatever the format of the result.
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ENCODE_FORMATS, type EncodeFormat } from '../../worker/codec/contract.ts'
import { readHeader } from '../../worker/codec/header.ts'
import { COLOURED_PNGS, colouredFiles, REFUSED_PNGS } from '../support/pictures/colours.ts'
import { isChromiumMissing, launchChromium, NO_CHROMIUM } from '../support/process/chromium.ts'
import { showAll } from '../support/process/shown.ts'
import { startSite } from '../support/worker/site.ts'

const SCALE = 2
/**
 * Largest mean difference of a channel, in levels. Edges of the patches become sharper, and JPEG and WebP store half of
 * the chroma, which a steep curve makes visible: up to 2.2. A wrong coding of the colours is off by more than 8.
 */
const TOLERANCE = 3

describe.skipIf(isChromiumMissing)(
  isChromiumMissing ? NO_CHROMIUM : 'in Chromium, a result looks as its source',
  async () => {
    const { origin, ask } = startSite()
    const enlarge = (file: Uint8Array, format: EncodeFormat) => {
      origin.serve('/picture', file, { 'cache-control': 'no-store' })
      return ask(`/picture?sr=${SCALE}&sr-quality=95&sr-format=${format}`)
    }
    let browser: Browser
    let page: Page

    beforeAll(async () => {
      browser = await launchChromium()
      page = await browser.newPage()
    })

    afterAll(() => browser?.close())

    const files = [
      ...COLOURED_PNGS.map(([name, file]) => [`PNG with ${name}`, file] as const),
      ...(await colouredFiles()),
    ]
    test.each(files)('%s', async (_, file) => {
      for (const format of ENCODE_FORMATS) {
        const { sr, bytes } = await enlarge(file, format)
        expect(sr).toMatch(/^done/)
        expect(await meanDifference(page, file, bytes), format).toBeLessThan(TOLERANCE)
      }
    })

    test.each(REFUSED_PNGS)('because it is the source: PNG with %s', async (_, file) => {
      for (const format of ENCODE_FORMATS) {
        const { sr, bytes } = await enlarge(file, format)
        expect(sr).toContain('reason=FORMAT')
        expect(bytes.equals(file)).toBe(true)
      }
    })
  },
)

/**
 * Draws a source and its result. Returns the mean difference between a pixel's channel and the mean of the SCALE x SCALE
 * pixels that it became, or Infinity if the result has another size.
 */
async function meanDifference(page: Page, source: Uint8Array, result: Uint8Array): Promise<number> {
  const files = [source, result].map((bytes) => ({ bytes, mime: readHeader(bytes).mime }))
  const [before, after] = await showAll(page, files)
  if (!before || after?.width !== SCALE * before.width || after.height !== SCALE * before.height) return Infinity
  let sum = 0
  for (let y = 0; y < before.height; y++) {
    for (let i = 0; i < 4 * before.width; i++) {
      const from = 4 * after.width * SCALE * y + 4 * SCALE * (i >> 2) + (i & 3)
      let mean = 0
      for (let down = 0; down < SCALE; down++) {
        for (let right = 0; right < SCALE; right++) {
          mean += after.data[from + 4 * (after.width * down + right)] / SCALE ** 2
        }
      }
      if ((i & 3) < 3) sum += Math.abs(mean - before.data[4 * before.width * y + i])
    }
  }
  return sum / (3 * before.width * before.height)
}
