// A photograph of three megapixels, with the settings of a deploy, in workerd: it is enlarged slab by slab. Its isolate
// has served no other picture, so that no memory of one is counted.
import sharp from 'sharp'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { slabRowsOf } from '../../worker/engine/upscale.ts'
import { COUNT_WASM, type Inspector, inspect } from '../support/measure/inspector.ts'
import { describePeak, peakDuring } from '../support/measure/peak.ts'
import { photographOf } from '../support/pictures/photograph.ts'
import { startSite } from '../support/worker/site.ts'

/** Size of the result. */
const [WIDTH, HEIGHT] = [4032, 3024]
const site = startSite({ prelude: COUNT_WASM, inspectorPort: 0 })
const { origin, ask } = site
const MAX_ISOLATE_BYTES = 64e6

let inspector: Inspector

beforeAll(async () => {
  inspector = await inspect(site.worker)
  const photo = await photographOf(WIDTH / 2, HEIGHT / 2)
  origin.serve('/small.jpg', await photo.jpeg({ quality: 90 }).toBuffer())
}, 120_000)
afterAll(() => inspector.close())

test('it is enlarged within half of an isolate, and no seam shows between the slabs', async () => {
  const work = ask('/small.jpg?sr=2')
  const peak = await peakDuring(inspector, work)
  const { sr, bytes } = await work
  console.log(describePeak('small.jpg x2', peak))
  expect(sr).toMatch(/^done; scale=2; model="fast@/)
  expect(peak.isolate).toBeLessThan(MAX_ISOLATE_BYTES)

  const source = await (await fetch(`${origin.url}/small.jpg`)).arrayBuffer()
  const grey = (picture: sharp.Sharp) => picture.greyscale().raw().toBuffer()
  const theirs = await grey(sharp(source).resize(WIDTH, HEIGHT, { kernel: 'cubic', fit: 'fill' }))
  const ours = await grey(sharp(bytes))
  const errors = Array.from({ length: HEIGHT }, (_, y) => {
    let sum = 0
    for (let i = y * WIDTH; i < (y + 1) * WIDTH; i++) sum += (ours[i] - theirs[i]) ** 2
    return sum / WIDTH
  })
  const mean = (rows: readonly number[]) => rows.reduce((sum, error) => sum + error, 0) / rows.length
  const slabs = Math.ceil(HEIGHT / 2 / slabRowsOf(WIDTH / 2, 2))
  expect(slabs).toBeGreaterThan(3)
  const slabRows = 2 * Math.ceil(HEIGHT / 2 / slabs)
  const borders = Array.from({ length: slabs - 1 }, (_, i) => (i + 1) * slabRows)
  for (const border of borders) expect(mean(errors.slice(border - 4, border + 4))).toBeLessThan(1.3 * mean(errors))
})
