// Photographs of twelve megapixels, with the settings of a deploy, in workerd: they come back in the requested size.
import sharp from 'sharp'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { COUNT_WASM, type Inspector, inspect } from '../support/measure/inspector.ts'
import { describePeak, peakDuring } from '../support/measure/peak.ts'
import { photographOf } from '../support/pictures/photograph.ts'
import { startSite } from '../support/worker/site.ts'

const [WIDTH, HEIGHT] = [4032, 3024]
const site = startSite({ vars: { SR_SIZES: '640 1280' }, prelude: COUNT_WASM, inspectorPort: 0 })
const { origin, ask } = site
const MAX_ISOLATE_BYTES = 64e6

let inspector: Inspector

beforeAll(async () => {
  inspector = await inspect(site.worker)
  const photo = await photographOf(WIDTH, HEIGHT)
  origin.serve('/baseline.jpg', await photo.clone().jpeg({ quality: 90 }).toBuffer())
  origin.serve('/progressive.jpg', await photo.clone().jpeg({ quality: 90, progressive: true }).toBuffer())
  origin.serve('/turned.jpg', await photo.clone().jpeg({ quality: 90 }).withMetadata({ orientation: 6 }).toBuffer())
}, 120_000)
afterAll(() => inspector.close())

test.each([
  ['baseline.jpg', 1280, 960],
  ['progressive.jpg', 1280, 960],
  ['turned.jpg', 1280, 1707],
  ['baseline.jpg', 640, 480],
  ['progressive.jpg', 640, 480],
])('%s is shrunk to %i x %i pixels, as sharp shrinks it, within half of an isolate', async (name, width, height) => {
  const work = ask(`/${name}?sr-width=${width}&sr-format=png`)
  const peak = await peakDuring(inspector, work)
  const { sr, bytes } = await work
  console.log(describePeak(`${name} -> ${width}`, peak))
  expect(sr).toMatch(new RegExp(`^done; scale=1; width=${width}; height=${height}`))
  expect(peak.isolate).toBeLessThan(MAX_ISOLATE_BYTES)

  const source = await (await fetch(`${origin.url}/${name}`)).arrayBuffer()
  const theirs = await sharp(source)
    .autoOrient()
    .resize(width, height, { kernel: 'cubic', fit: 'fill' })
    .raw()
    .toBuffer()
  const ours = await sharp(bytes).raw().toBuffer()
  let sum = 0
  for (const [i, value] of ours.entries()) sum += (value - theirs[i]) ** 2
  expect(10 * Math.log10(255 ** 2 / (sum / ours.length))).toBeGreaterThan(33)
})
