// Tests the playground in Chromium. The worker in workerd serves the page.
import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import type { Miniflare } from 'miniflare'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import sharp from 'sharp'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { isChromiumMissing, launchChromium, NO_CHROMIUM } from '../support/process/chromium.ts'
import { type LoggingProxy, startLoggingProxy } from '../support/servers/loggingProxy.ts'
import { startWorker } from '../support/worker/worker.ts'

const SAMPLES = new URL('../../worker/assets/samples/', import.meta.url)
/** Largest total size in bytes, gzipped, of the page and the styles and scripts that it loads at the start. */
const MAX_FIRST_VIEW_BYTES = 150_000
/** Timeout in ms of a test with WebGPU. SwiftShader takes seconds to compile shaders on a small machine. */
const WEBGPU_MS = 100_000

const sampleFile = (name: string) => readFileSync(new URL(name, SAMPLES))

describe.skipIf(isChromiumMissing)(isChromiumMissing ? NO_CHROMIUM : 'the playground', () => {
  let worker: Miniflare
  let proxy: LoggingProxy
  let browser: Browser
  let context: BrowserContext
  let page: Page
  let complaints: string[]

  beforeAll(async () => {
    worker = await startWorker({
      env: 'demo',
      vars: { SR_PLAYGROUND: 'true', ORIGIN: 'none' },
      buckets: ['MODELS_BUCKET'],
    })
    proxy = await startLoggingProxy(await worker.ready)
    browser = await launchChromium()
  })
  afterAll(async () => {
    await browser?.close()
    proxy?.close()
    await worker?.dispose()
  })

  const open = async (options: Parameters<Browser['newContext']>[0] = {}) => {
    context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options })
    page = await context.newPage()
    complaints = []
    page.on('console', (line) => {
      if (line.type() === 'error' || line.type() === 'warning') complaints.push(line.text())
    })
    page.on('pageerror', (error) => complaints.push(String(error)))
    await page.addInitScript(() => {
      Object.assign(globalThis, { shifts: 0 })
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries() as unknown as {
          value: number
          hadRecentInput: boolean
        }[]) {
          if (!entry.hadRecentInput) (globalThis as unknown as { shifts: number }).shifts += entry.value
        }
      }).observe({ type: 'layout-shift', buffered: true })
    })
    await page.goto(`${proxy.url}_sr/`)
    await said('A harbour: 320 × 240 → 960 × 720')
  }
  beforeEach(() => open())
  afterEach(async () => {
    proxy.instead.clear()
    await context.close()
  })

  const status = () => page.locator('#status[role="status"]')
  const said = (text: string | RegExp, timeout = 30_000) => status().filter({ hasText: text }).waitFor({ timeout })
  const fact = (name: string) => page.locator(`[data-fact="${name}"]`).textContent()

  /** Drops a file on the page, or pastes it. */
  const give = (how: 'drop' | 'paste', bytes: Uint8Array, name: string, type: string) =>
    page.evaluate(
      ([kind, list, fileName, fileType]) => {
        const transfer = new DataTransfer()
        transfer.items.add(new File([Uint8Array.from(list)], fileName, { type: fileType }))
        const init = { bubbles: true, cancelable: true }
        document.body.dispatchEvent(
          kind === 'drop'
            ? new DragEvent('drop', { ...init, dataTransfer: transfer })
            : new ClipboardEvent('paste', { ...init, clipboardData: transfer }),
        )
      },
      [how, [...bytes], name, type] as const,
    )
  const drop = (bytes: Uint8Array, name: string, type = 'image/jpeg') => give('drop', bytes, name, type)
  /** Returns the file behind the download link. */
  const download = async () => {
    const bytes = await page.evaluate(async () => {
      const { href } = document.querySelector<HTMLAnchorElement>('#download')!
      return [...new Uint8Array(await (await fetch(href)).arrayBuffer())]
    })
    return Buffer.from(bytes)
  }
  const served = async (path: string) => {
    const response = await worker.dispatchFetch(`http://site.test/_sr/samples/${path}`, {
      headers: { accept: 'image/webp' },
    })
    expect(response.headers.get('x-sr')).toMatch(/^done/)
    return Buffer.from(await response.arrayBuffer())
  }
  const choose = (name: string, value: string) =>
    page.locator(`[name="${name}"][value="${value}"]`).check({ force: true })
  const divider = () => page.getByRole('slider', { name: 'Divider between before and after' })
  const transformOf = (selector: string) =>
    page.locator(selector).evaluate((image) => getComputedStyle(image).transform + getComputedStyle(image).width)

  test('loads less than 150 kB, prints nothing to the console, and has no layout shifts', async () => {
    proxy.sent.length = 0
    await page.reload({ waitUntil: 'networkidle' })
    await said('960 × 720')
    expect(complaints).toEqual([])
    expect(await page.evaluate('shifts')).toBe(0)
    const texts = [...new Set(proxy.sent.map(({ url }) => url))].filter((url) => /(\/|\.js|\.css|\.html)$/.test(url))
    expect(texts).toEqual(expect.arrayContaining(['/_sr/', '/_sr/page.js', '/_sr/playground.css']))
    let bytes = 0
    for (const url of texts) {
      const response = await worker.dispatchFetch(`http://site.test${url}`)
      bytes += gzipSync(Buffer.from(await response.arrayBuffer())).length
    }
    expect(bytes).toBeLessThan(MAX_FIRST_VIEW_BYTES)
    // Codecs, kernels and weights are fetched only when the browser enlarges a picture itself.
    expect(proxy.sent.filter(({ url }) => /wasm|enlarge|webgpu/.test(url))).toEqual([])
  })

  test('has headers that allow only its own scripts and resources', async () => {
    const response = await worker.dispatchFetch('http://site.test/_sr/')
    const policy = response.headers.get('content-security-policy')
    expect(policy).toContain("default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'")
    expect(policy).not.toMatch(/unsafe-inline|unsafe-eval'(?<!wasm-unsafe-eval')|https?:|\*/)
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
  })

  test('moves the divider with the pointer and with the keyboard', async () => {
    const box = (await page.locator('#stage').boundingBox())!
    await page.mouse.move(box.x + box.width / 2, box.y + 100)
    await page.mouse.down()
    await page.mouse.move(box.x + box.width / 4, box.y + 100)
    await page.mouse.up()
    expect(Number(await divider().inputValue())).toBeCloseTo(25, 0)
    expect(await divider().getAttribute('aria-valuetext')).toBe('25 percent shows the before')
    const clip = () => page.locator('.after').evaluate((after) => getComputedStyle(after).clipPath)
    expect(await clip()).toContain('25')
    await page.keyboard.press('ArrowRight')
    expect(Number(await divider().inputValue())).toBe(26)
    expect(await clip()).toContain('26')
  })

  test('zooms and pans both halves together with buttons, keys, wheel and pointer', async () => {
    const inStep = async () => {
      const transform = await transformOf('#after')
      expect(await transformOf('#before')).toBe(transform)
      return transform
    }
    const fit = await inStep()
    await page.getByRole('button', { name: '2:1' }).click()
    const twice = await inStep()
    expect(twice).toContain('1920px')
    expect(await page.getByRole('button', { name: '2:1' }).getAttribute('aria-pressed')).toBe('true')

    const box = (await page.locator('#stage').boundingBox())!
    const [x, y] = [box.x + box.width / 4, box.y + box.height / 2]
    await page.mouse.move(x, y)
    await page.mouse.down()
    await page.mouse.move(x + 60, y + 30, { steps: 3 })
    await page.mouse.up()
    const dragged = await inStep()
    expect(dragged).not.toBe(twice)
    expect(await divider().inputValue()).toBe('50')
    await page.keyboard.press('ArrowDown')
    const pressed = await inStep()
    expect(pressed).not.toBe(dragged)
    await page.mouse.wheel(0, -200)
    await expect.poll(inStep).not.toBe(pressed)
    await page.keyboard.press('1')
    expect(await inStep()).toContain('960px')
    await page.keyboard.press('+')
    expect(await inStep()).not.toContain('960px')
    await page.keyboard.press('0')
    expect(await inStep()).toBe(fit)
  })

  test('zooms with two fingers', async () => {
    const fit = await transformOf('#after')
    await page.locator('#stage').evaluate((stage) => {
      stage.setPointerCapture = () => {}
      const { left, top } = stage.getBoundingClientRect()
      const point = (type: string, pointerId: number, x: number, y: number) =>
        stage.dispatchEvent(
          new PointerEvent(type, {
            pointerId,
            clientX: left + x,
            clientY: top + y,
            bubbles: true,
            pointerType: 'touch',
            button: type === 'pointerdown' ? 0 : -1,
          }),
        )
      point('pointerdown', 1, 200, 200)
      point('pointerdown', 2, 300, 200)
      point('pointermove', 2, 500, 200)
      point('pointerup', 1, 200, 200)
      point('pointerup', 2, 500, 200)
    })
    expect(await transformOf('#after')).not.toBe(fit)
    const width = await page.locator('#after').evaluate((image) => image.clientWidth)
    const frame = await page.locator('#stage').evaluate((stage) => stage.clientWidth)
    expect(width / frame).toBeCloseTo(3, 0)
  })

  test.each([
    ['harbour.jpg', 'image/jpeg', '?sr=3', {}],
    [
      'fabric.webp',
      'image/webp',
      '?sr=2&sr-model=quality&sr-quality=75',
      { scale: '2', model: 'quality', quality: '75' },
    ],
    ['icon.png', 'image/png', '?sr=4&sr-model=srcnn&sr-format=auto', { scale: '4', model: 'srcnn', format: 'auto' }],
    ['page.png', 'image/png', '?sr=3&sr-model=bicubic', { model: 'bicubic' }],
  ])('turns a dropped %s (%s) into the bytes that the worker serves for %s', async (name, type, query, wish) => {
    await page.locator('#model option[value="srcnn"]').waitFor({ state: 'attached' })
    const { scale, model, format, quality } = wish as Record<string, string | undefined>
    await drop(sampleFile(name), `my-${name}`, type)
    await said(`my-${name}: `)
    if (scale) await choose('scale', scale)
    if (model) await page.getByLabel('Model').selectOption(model)
    if (format) await page.getByLabel('Format').selectOption(format)
    if (quality) await page.getByLabel('Quality').selectOption(quality)
    await said(/→/)
    expect(await fact('where')).toBe('in this browser; nothing was sent')
    const [here, there] = [await download(), await served(`${name}${query}`)]
    // PNGs are compared by pixels, because each runtime has its own deflate.
    const same = async (file: Buffer) => sharp(file).raw().toBuffer()
    if (type === 'image/png' && !format) expect((await same(here)).equals(await same(there))).toBe(true)
    else expect(here.equals(there)).toBe(true)
    expect(await page.locator('#download').getAttribute('download')).toBe(
      `my-${name.split('.')[0]}-x${scale ?? 3}.${format === 'auto' ? 'webp' : name.split('.')[1]}`,
    )
    expect(complaints).toEqual([])
    expect(await page.evaluate('shifts')).toBe(0)
  })

  test('sends no byte of a dropped or pasted picture, and fetches only its own files', async () => {
    proxy.sent.length = 0
    const asked: string[] = []
    page.on('request', (request) => asked.push(request.url()))
    await drop(sampleFile('harbour.jpg'), 'secret.jpg')
    await said('secret.jpg: 320 × 240 → 960 × 720')
    await give('paste', sampleFile('icon.png'), 'pasted.png', 'image/png')
    await said('pasted.png: 160 × 160 → 480 × 480')
    const paths = proxy.sent.map(({ url }) => url)
    expect(paths).toContain('/_sr/codec/jpeg_decoder.wasm')
    for (const { method, url, bodyBytes } of proxy.sent) {
      expect([method, bodyBytes]).toEqual(['GET', 0])
      expect(url).toMatch(/^\/_sr\/(enlarge\.js|chunk-\w+\.js|(codec|kernel|models)\/[\w-]+\.(wasm|json|onnx))$/)
    }
    const elsewhere = asked.filter((url) => !url.startsWith(proxy.url) && !url.startsWith('blob:'))
    expect(elsewhere).toEqual([])
  })

  test('enlarges a file that was chosen with the file button', async () => {
    await page.setInputFiles('#file', { name: 'chosen.png', mimeType: 'image/png', buffer: sampleFile('icon.png') })
    await said('chosen.png: 160 × 160 → 480 × 480')
  })

  test('makes the same picture on WebGPU and on WebAssembly, within one level of 255', async () => {
    await page.getByLabel('Format').selectOption('png')
    // The picture is small, because a software GPU takes 20 s for a whole sample.
    const owl = await sharp(sampleFile('bird.jpg')).resize(96, 72).png().toBuffer()
    await drop(owl, 'owl.png', 'image/png')
    await said('owl.png: 96 × 72 → 288 × 216')
    expect(await fact('how')).toMatch(/^fast@\w{8}, fused-relaxed$/)
    const ours = await sharp(await download())
      .raw()
      .toBuffer()
    await page.locator('[value="webgpu"]:enabled').waitFor({ state: 'attached' })
    await choose('runner', 'webgpu')
    await said(/^owl.png: .* in /, WEBGPU_MS)
    expect(await fact('how')).toMatch(/^fast@\w{8}, ort-webgpu$/)
    const theirs = await sharp(await download())
      .raw()
      .toBuffer()
    expect(theirs.length).toBe(ours.length)
    expect(ours.reduce((most, level, i) => Math.max(most, Math.abs(level - theirs[i])), 0)).toBeLessThanOrEqual(1)
    expect(complaints).toEqual([])
  })

  test('runs the plain kernels in a browser without relaxed SIMD', async () => {
    for (const name of ['srcnn', 'subpixel']) proxy.instead.set(`/_sr/kernel/${name}-relaxed.wasm`, new Uint8Array(8))
    await drop(sampleFile('harbour.jpg'), 'mine.jpg')
    await said('mine.jpg: 320 × 240 → 960 × 720')
    expect(await fact('how')).toMatch(/fused-plain$/)
  })

  test("runs the quality test: the network's result is closer to the original than the bicubic result", async () => {
    await page.getByLabel('Test it: shrink first, then restore').check()
    await said('A harbour: 106 × 80 → 318 × 240')
    const decibels = async (name: string) => Number.parseFloat((await fact(name))!)
    expect(await decibels('network-psnr')).toBeGreaterThan((await decibels('bicubic-psnr')) + 0.2)
    expect(await decibels('network-ssim')).toBeGreaterThan(await decibels('bicubic-ssim'))
    await choose('left', 'truth')
    await page.locator('.tag', { hasText: 'Truth' }).waitFor()
    await page.getByLabel('Test it: shrink first, then restore').uncheck()
    await said('A harbour: 320 × 240 → 960 × 720')
    expect(await page.locator('[value="truth"]').isDisabled()).toBe(true)
  })

  test('shows the bicubic result in the left half', async () => {
    const before = await page.locator('#before').getAttribute('src')
    await choose('left', 'bicubic')
    await expect.poll(() => page.locator('#before').getAttribute('src')).not.toBe(before)
    const width = () => page.locator('#before').evaluate((image) => (image as HTMLImageElement).naturalWidth)
    await expect.poll(width).toBe(960)
  })

  test('cancels a picture in progress when another one is dropped', async () => {
    const large = await sharp({
      create: {
        width: 1600,
        height: 1200,
        channels: 3,
        background: '#357',
        noise: { type: 'gaussian', mean: 128, sigma: 30 },
      },
    })
      .jpeg()
      .toBuffer()
    await drop(large, 'large.jpg')
    await page.locator('#progress[title^="enlarging"]').waitFor({ state: 'attached' })
    await said('Making large.jpg')
    await drop(sampleFile('icon.png'), 'small.png', 'image/png')
    await said('small.png: 160 × 160 → 480 × 480')
    expect(await fact('before')).toContain('160 × 160')
    // Only the Web Worker that enlarged the small picture is left. The Web Worker of the large picture has ended.
    await expect.poll(() => page.workers().length).toBe(1)
  })

  test('enlarges a format that only the browser decodes', async () => {
    const avif = await sharp(sampleFile('harbour.jpg')).avif({ quality: 80, effort: 0 }).toBuffer()
    await drop(avif, 'mine.avif', 'image/avif')
    await said('mine.avif: 320 × 240 → 960 × 720')
    expect(await fact('where')).toContain('decoded by the browser')
    expect(await fact('before')).toMatch(/AVIF/)
  })

  test('says why a file is not enlarged or cannot be shown', async () => {
    const frames = await sharp([await solid('#f00'), await solid('#0f0')], { join: { animated: true } })
      .gif()
      .toBuffer()
    await drop(frames, 'moving.gif', 'image/gif')
    await said('moving.gif came back as it was: more than one frame.')
    await drop(Buffer.from('no picture'), 'letter.txt', 'text/plain')
    await said('letter.txt cannot be shown')
    await page.getByLabel('Or a path at this site').fill('/nowhere.jpg')
    await page.keyboard.press('Enter')
    await said('nowhere.jpg cannot be shown: there is no picture at this path')
    await page.getByLabel('Or a path at this site').fill('https://elsewhere.test/cat.jpg')
    await page.keyboard.press('Enter')
    await said('Only pictures at this site')
  })

  test('shows the picture at a path as the worker serves it, with facts from the headers', async () => {
    await page.getByLabel('Or a path at this site').fill('/_sr/samples/bird.jpg?sr=2')
    await page.keyboard.press('Enter')
    await said('bird.jpg: 320 × 240 → 960 × 720')
    expect(await fact('where')).toBe('by this worker')
    expect(await fact('how')).toMatch(/^fast@\w{8}, fused-relaxed$/)
    await choose('scale', '2')
    await said('640 × 480')
    await choose('scale', '3')
    await said('960 × 720')
    await expect.poll(() => fact('cache')).toBe('kept, unchanged at the origin')
  })

  test('copies the lines of code to the clipboard', async () => {
    await context.grantPermissions(['clipboard-read', 'clipboard-write'])
    await page.locator('#model option[value="quality"]').waitFor({ state: 'attached' })
    await page.getByLabel('Model').selectOption('quality')
    await said(/→/)
    const copied = async (label: string) => {
      await page.getByRole('button', { name: label }).click()
      await said('Copied.')
      return page.evaluate(() => navigator.clipboard.readText())
    }
    expect(await copied('Copy the URL')).toBe(`${proxy.url}_sr/samples/harbour.jpg?sr=3&sr-model=quality`)
    expect(await copied('Copy the img element')).toBe(
      [
        '<img src="/_sr/samples/harbour.jpg"',
        'srcset="/_sr/samples/harbour.jpg?sr=2&amp;sr-model=quality 2x,',
        '/_sr/samples/harbour.jpg?sr=3&amp;sr-model=quality 3x"',
        'width="320" height="240" alt="" />',
      ].join(' '),
    )
    expect(await copied('Copy the line for Hono')).toBe("app.use('/images/*', superResolution({ model: 'quality' }))")
  })

  test('has a name for every control, and the keyboard reaches every control', async () => {
    const nameless = await page.evaluate(() =>
      [...document.querySelectorAll<HTMLInputElement>('button, select, input, a, [tabindex]')]
        .filter((one) => !(one.labels?.length || one.getAttribute('aria-label') || one.textContent.trim()))
        .map(({ outerHTML }) => outerHTML),
    )
    expect(nameless).toEqual([])
    const reached: string[] = []
    await page.locator('body').press('Tab')
    for (let i = 0; i < 40; i++) {
      reached.push(
        await page.evaluate(
          () =>
            (document.activeElement as HTMLInputElement).name ||
            document.activeElement!.id ||
            document.activeElement!.textContent.trim(),
        ),
      )
      await page.keyboard.press('Tab')
    }
    for (const name of ['file', 'path', 'stage', 'left', 'scale', 'model', 'format', 'quality', 'test', 'download'])
      expect(reached).toContain(name)
  })

  test.each([390, 320])('does not scroll sideways on a phone that is %i pixels wide', async (width) => {
    await context.close()
    await open({ viewport: { width, height: 780 }, deviceScaleFactor: 2, hasTouch: true })
    const overflow = () =>
      page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
    expect(await overflow()).toBe(0)
    await drop(sampleFile('harbour.jpg'), `${'a-name-without-any-space'.repeat(4)}.jpg`)
    await said(/→/)
    expect(await overflow()).toBe(0)
    expect(await page.evaluate('shifts')).toBe(0)
  })

  test('offers what the variables of the operator allow, and shows bicubic even if they do not', async () => {
    const vars = { SR_FORMATS: 'webp auto', SR_QUALITIES: '50 90', SR_QUALITY: '50', SR_MODELS: 'quality' }
    const narrow = await startWorker({ env: 'demo', vars: { ORIGIN: 'none', SR_PLAYGROUND: 'true', ...vars } })
    try {
      await page.goto(`${(await narrow.ready).href}_sr/`)
      await page.locator('#model option[value="quality"]').waitFor({ state: 'attached' })
      const offered = (id: string) => page.locator(`#${id} option`).allTextContents()
      expect(await offered('format')).toEqual(['webp', 'auto'])
      expect(await offered('quality')).toEqual(['50', '90'])
      expect(await offered('model')).toEqual(['auto', 'quality'])
      expect(await page.getByLabel('Quality').inputValue()).toBe('50')
      await page.getByLabel('Quality').selectOption('90')
      await said('320 × 240 → 960 × 720')
      expect(await page.locator('[data-line="url"]').textContent()).toBe('/_sr/samples/harbour.jpg?sr=3&sr-quality=90')
      const left = () => page.locator('#before').getAttribute('src')
      const pixels = await left()
      await choose('left', 'bicubic')
      await expect.poll(left).not.toBe(pixels)
      expect(complaints).toEqual([])
    } finally {
      await narrow.dispose()
    }
  })

  test('uses the name that the operator gave to the parameter sr', async () => {
    const renamed = await startWorker({ env: 'demo', vars: { ORIGIN: 'none', SR_PLAYGROUND: 'true', SR_PARAM: 'up' } })
    try {
      await page.goto(`${String(await renamed.ready)}_sr/`)
      await said('A harbour: 320 × 240 → 960 × 720')
      expect(await page.locator('#lines').innerText()).toContain('/_sr/samples/harbour.jpg?up=3')
    } finally {
      await renamed.dispose()
    }
  })

  test('is not served when it is switched off, while the health page and the purge page are still served', async () => {
    const without = await startWorker({ vars: { ORIGIN: 'none', SR_PURGE_SECRET: 's'.repeat(32) } })
    try {
      const statusOf = async (path: string) =>
        (await without.dispatchFetch(`http://site.test${path}`, { redirect: 'manual' })).status
      for (const path of [
        '',
        'index.html',
        'page.js',
        'enlarge.js',
        'playground.css',
        'samples/harbour.jpg',
        'samples/harbour.jpg?sr=3',
        'codec/photon.wasm',
        'models/manifest.json',
        'ort/ort-wasm-simd-threaded.jspi.mjs',
      ]) {
        expect([path, await statusOf(`/_sr/${path}`)]).toEqual([path, 404])
      }
      expect(await statusOf('/')).toBe(404)
      expect(await statusOf('/_sr/health')).toBe(200)
      expect(await statusOf('/_sr/purge')).not.toBe(404)
    } finally {
      await without.dispose()
    }
  })
})

function solid(background: string): Promise<Buffer> {
  return sharp({ create: { width: 20, height: 20, channels: 3, background } })
    .png()
    .toBuffer()
}
