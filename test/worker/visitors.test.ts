// Many visitors at once, with a deploy's defaults.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dearestPictures, heavyPictures, smallPictures } from '../support/load/pictures.ts'
import { type Answer, type LoadedSite, startLoadedSite } from '../support/load/site.ts'

const VISITORS = 16
const PICTURES_EACH = 2

/** Less than 60 broken pictures of which each leaves the memory into which it was read. */
const BROKEN_BYTES = 1e6
/** Most memory of an isolate, which may have 128 MB. */
const MAX_ISOLATE_BYTES = 110e6

let site: LoadedSite
beforeAll(async () => void (site = await startLoadedSite()))
afterAll(() => site.close())

test('sixteen visitors who ask for large files of all kinds at once are answered within 110 MB', async () => {
  const shown = (await heavyPictures()).get('all of these')!
  const answers: Answer[] = []
  const visit = async (visitor: number) => {
    for (let i = 0; i < PICTURES_EACH; i++) {
      answers.push(await site.ask(shown[(visitor + i) % shown.length], `198.51.100.${visitor}`))
    }
  }
  const peak = await site.peakDuring(Promise.all(Array.from({ length: VISITORS }, (_, i) => visit(i))))
  expect(peak.isolate).toBeLessThan(MAX_ISOLATE_BYTES)
  expect(
    answers.map(({ outcome }) => outcome).filter((one) => !['done', 'OUTPUT_PIXELS', 'BUSY'].includes(one)),
  ).toEqual([])
  expect(answers.filter(({ outcome }) => outcome === 'done').length).toBeGreaterThan(answers.length / 2)
}, 120_000)

describe('while others ask for the dearest pictures', () => {
  test.each([
    ['one address leaves again and again', 1, 300],
    ['six addresses wait', 6, 15_000],
  ])('all small pictures of a visitor are made: %s', async (_, addresses, leaveMs) => {
    const [dearest, small] = await Promise.all([dearestPictures(), smallPictures(6)])
    const attacks = Array.from({ length: 6 }, (_unused, i) =>
      site.ask(dearest[i % dearest.length], `203.0.113.${i % addresses}`, leaveMs),
    )
    const answers: Answer[] = []
    for (const shown of small) answers.push(await site.ask(shown, '192.0.2.2'))
    expect(answers.map(({ outcome }) => outcome)).toEqual(small.map(() => 'done'))
    await Promise.all(attacks)
  })
})

test('pictures that the origin breaks off leave nothing in memory', async () => {
  const { bytes } = (await smallPictures(1))[0]
  const breakOff = async (count: number) => {
    for (let i = 0; i < count; i++) {
      site.origin.handle(`/broken/${i}`, (_, response) => {
        response.writeHead(200, { 'content-length': bytes.length }).write(bytes.subarray(0, bytes.length / 2))
        setTimeout(() => response.destroy(), 5)
      })
      expect((await site.get(`/broken/${i}?sr=2`, '192.0.2.3')).outcome).toBe('error')
    }
    return site.memoryAfterCollection()
  }
  const before = await breakOff(5)
  const after = await breakOff(60)
  expect(after.buffers - before.buffers).toBeLessThan(BROKEN_BYTES)
})
