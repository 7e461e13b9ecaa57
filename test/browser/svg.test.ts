// An SVG that the worker passes on, opened as a page in Chromium: it looks as it does without us, and runs nothing.
import type { Browser, Page } from 'playwright-core'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isChromiumMissing, launchChromium, NO_CHROMIUM } from '../support/process/chromium.ts'
import { startSite } from '../support/worker/site.ts'

const PIXEL = (
  await sharp({ create: { width: 1, height: 1, channels: 3, background: '#f00' } })
    .png()
    .toBuffer()
).toString('base64')
const SVG = `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="90" height="60"
  onload="document.documentElement.setAttribute('data-ran', 'onload')">
  <style>@import url("/import.css"); rect { fill: rgb(1, 2, 3) } circle { fill: url("/fill.svg#a") }</style>
  <rect width="30" height="20"/>
  <rect id="inline" style="fill: rgb(4, 5, 6)" width="9" height="9"/>
  <circle r="9"/>
  <image x="36" href="data:image/png;base64,${PIXEL}" width="9" height="9"/>
  <image href="/outside.png" width="9" height="9"/>
  <script>document.documentElement.setAttribute('data-ran', 'script')</script>
  <script href="/outside.js"/>
  <foreignObject width="9" height="9"><iframe xmlns="http://www.w3.org/1999/xhtml" src="/frame.html"/></foreignObject>
</svg>`

const title = 'an SVG that is passed on and opened as a page'
describe.skipIf(isChromiumMissing)(isChromiumMissing ? NO_CHROMIUM : title, () => {
  const site = startSite()
  let browser: Browser
  let page: Page

  beforeAll(async () => {
    site.origin.serve('/logo.svg', SVG, { 'content-type': 'image/svg+xml', 'cache-control': 'max-age=600' })
    browser = await launchChromium()
    page = await browser.newPage()
  })
  afterAll(() => browser?.close())

  let opened = 0
  /** Opens the SVG at a new URL. Returns what a visitor sees, what ran, and what it made the browser request. */
  async function open(query: string) {
    const before = site.origin.asked.length
    const response = await page.goto(`${(await site.worker.ready).origin}/logo.svg?n=${opened++}${query}`, {
      waitUntil: 'load',
    })
    const seen = await page.evaluate(() => ({
      styled: getComputedStyle(document.querySelector('rect')!).fill,
      inline: getComputedStyle(document.querySelector('#inline')!).fill,
      ran: document.documentElement.dataset.ran ?? 'nothing',
    }))
    const bytes = await page.screenshot({ clip: { x: 40, y: 0, width: 1, height: 1 } })
    const dataPicture = (await sharp(bytes).removeAlpha().raw().toBuffer()).join()
    const requested = site.origin.asked.slice(before + 1).map(({ url }) => url)
    return { ...seen, dataPicture, sr: response!.headers()['x-sr'], requested }
  }
  const LOOK = { styled: 'rgb(1, 2, 3)', inline: 'rgb(4, 5, 6)', dataPicture: '255,0,0' }

  test('has its styles and the pictures that it contains', async () => {
    for (let round = 0; round < 2; round++) {
      expect(await open('&sr=2')).toMatchObject({ ...LOOK, sr: 'skipped; reason=FORMAT' })
    }
  })

  test('runs no script and requests nothing, although it would do both without the worker', async () => {
    expect(await open('&sr=2')).toMatchObject({ ran: 'nothing', requested: [] })
    const plain = await open('')
    expect(plain).toMatchObject({ ...LOOK, ran: 'onload' })
    expect(plain.requested).toEqual(
      expect.arrayContaining(['/frame.html', '/import.css', '/outside.js', '/outside.png']),
    )
  })
})
