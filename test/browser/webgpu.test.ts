// Tests the engine on real WebGPU in headless Chromium. The adapter is SwiftShader, a software GPU.
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { build } from 'esbuild'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { reference } from '../../worker/engine/reference.ts'
import { describeNetwork, type Network, SRCNN_915, subPixelArchitecture } from '../../worker/model/network.ts'
import { encodeNetwork } from '../../worker/model/networkFile.ts'
import { isChromiumMissing, launchChromium, NO_CHROMIUM } from '../support/process/chromium.ts'
import { maxDifference, sampleNetwork, samplePlanes } from '../support/engine/samples.ts'

// Largest allowed difference from the reference, the same for all engines. f32 sums of up to 1,600 products differ by
// about 1e-6 if the order of the products differs, or if multiply-adds are fused.
const TOLERANCE = 1e-4

describe.skipIf(isChromiumMissing)(
  isChromiumMissing ? NO_CHROMIUM : 'onnxruntime on WebGPU agrees with the reference',
  () => {
    let server: Server
    let browser: Browser
    let page: Page

    beforeAll(async () => {
      server = await servePage()
      browser = await launchChromium()
      page = await browser.newPage()
      // navigator.gpu exists only in secure contexts, such as 127.0.0.1.
      await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
      await page.waitForFunction('globalThis.run')
    })

    afterAll(async () => {
      await browser?.close()
      server?.close()
    })

    test('and runs on the adapter SwiftShader', async () => {
      expect(await page.evaluate('adapter()')).toBe('google swiftshader')
    })

    const networks = [
      sampleNetwork(SRCNN_915),
      sampleNetwork({ kernels: [9, 3, 5], widths: [16, 8] }, 'zero'),
      sampleNetwork({ kernels: [9, 5, 5], widths: [16, 8], residual: true }),
      sampleNetwork({ kernels: [5, 1, 3], widths: [8, 8], channels: 3, residual: true }),
      sampleNetwork(subPixelArchitecture(3, 16, 3)),
    ]
    for (const network of networks) {
      test.each([
        [40, 33],
        [1, 1],
        [17, 9],
      ])(`for ${describeNetwork(network)} with padding ${network.padding}, at %ix%i`, async (width, height) => {
        const input = samplePlanes(network.layers[0].inputs, width, height)
        const [got] = await run(page, network, input)
        expect(maxDifference(got, (await reference.run(network, input)).data)).toBeLessThan(TOLERANCE)
      })
    }

    test('when several runs start at the same time', async () => {
      const input = samplePlanes(1, 24, 18)
      const want = (await reference.run(networks[0], input)).data
      for (const got of await run(page, networks[0], input, 4)) {
        expect(maxDifference(got, want)).toBeLessThan(TOLERANCE)
      }
    })
  },
)

function run(page: Page, network: Network, input: ReturnType<typeof samplePlanes>, times = 1): Promise<number[][]> {
  const lists = [[...encodeNetwork(network)], { ...input, data: [...input.data] }, times]
  return page.evaluate(`run(...${JSON.stringify(lists)})`)
}

/** Serves the page, its script and the files of onnxruntime-web on a free local port. */
async function servePage(): Promise<Server> {
  const bundle = await build({
    entryPoints: [join(import.meta.dirname, '../support/engine/webgpuPage.ts')],
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    conditions: ['browser'],
  })
  const files: Record<string, [type: string, body: () => string | Uint8Array]> = {
    '/': ['text/html', () => '<!doctype html><script type="module" src="/page.js"></script>'],
    '/page.js': ['text/javascript', () => bundle.outputFiles[0].text],
  }
  const { resolve } = createRequire(import.meta.url)
  for (const end of ['mjs', 'wasm']) {
    const file = `ort-wasm-simd-threaded.asyncify.${end}`
    const type = end === 'mjs' ? 'text/javascript' : 'application/wasm'
    files[`/ort/${file}`] = [type, () => readFileSync(resolve(`onnxruntime-web/${file}`))]
  }
  const server = createServer((request, response) => {
    const file = files[request.url ?? '']
    response.writeHead(file ? 200 : 404, { 'Content-Type': file?.[0] ?? 'text/plain' })
    response.end(file?.[1]())
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  return server
}
