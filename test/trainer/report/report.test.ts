import { appendFile, mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { createCodec } from '../../../worker/codec/codec.ts'
import { readHeader } from '../../../worker/codec/header.ts'
import { loadCodecModules } from '../../../worker/platform/nodeFiles.ts'
import { reference } from '../../../worker/engine/reference.ts'
import { createRandom } from '../../../worker/image/prng.ts'
import { createNetwork, describeNetwork, type Network } from '../../../worker/model/network.ts'
import { encodeNetwork } from '../../../worker/model/networkFile.ts'
import { UsageError } from '../../../worker/terminal/arguments.ts'
import { command } from '../../../trainer/commands/report.ts'
import type { PictureSet, Picture } from '../../../trainer/data/pictureSet.ts'
import { exportModel } from '../../../trainer/run/export.ts'
import { createAxis, formatNumber } from '../../../trainer/report/axis.ts'
import { drawChart } from '../../../trainer/report/chart.ts'
import { BICUBIC_METHOD, cropHardestPlace } from '../../../trainer/report/crops.ts'
import { drawFilters } from '../../../trainer/report/filters.ts'
import { markup } from '../../../trainer/report/markup.ts'
import { readRun } from '../../../trainer/report/readRun.ts'
import { writeReport } from '../../../trainer/report/writeReport.ts'
import { scoreSet } from '../../../trainer/evaluate/score.ts'
import { drawPicture } from '../../support/pictures/edges.ts'

const codec = createCodec(await loadCodecModules())

test('a report is one HTML file with curves, scores, filters and crops at each scale, and needs no other file', async () => {
  const folder = await makeRun({ scales: [2, 3] })
  const set = pictureSet('Set5', 'butterfly_GT')
  const file = await writeReport(folder, { sets: [set], engine: reference })
  const page = await readFile(file, 'utf8')

  expect(file).toBe(path.join(folder, 'report.html'))
  const sources = [...page.matchAll(/(?:src|href)="([^"]{0,22})/g)].map(([, url]) => url)
  expect(sources.length).toBe(2 * (1 + 3)) // filters; truth, bicubic, the run
  expect(new Set(sources)).toEqual(new Set(['data:image/png;base64,']))
  for (const scale of [2, 3]) {
    const section = sectionOf(page, scale)
    expect(section.match(/<polyline/g)).toHaveLength(2)
    expect(section).toContain('PSNR on Set5 in dB')
    expect(section).toContain('SRCNN 9-1-5 on T91, published')
    expect(section).toMatch(/<td>Set5 \(1\), float<\/td><td>20\.00 \/ 0\.5000<\/td>/)
  }
  expect(sectionOf(page, 3)).toContain('the paper&#39;s 9-1-5 on T91: 27.58 dB')
  expect(sectionOf(page, 3)).toContain('sparse coding, published <b>31.42 dB')
  expect((await readdir(path.join(folder, 'report'))).filter((name) => name.startsWith('x3'))).toEqual([
    'x3-Set5-butterfly-bicubic.png',
    'x3-Set5-butterfly-tiny.png',
    'x3-Set5-butterfly-truth.png',
    'x3-filters.png',
  ])
})

test('crops of a network on RGB are made from 8-bit input and show the PSNR that evaluation measures', async () => {
  const folder = await makeRun({ scales: [3], channels: 3 })
  const set = pictureSet('Set5', 'butterfly_GT')
  const page = await readFile(await writeReport(folder, { sets: [set], engine: reference }), 'utf8')
  const model = { network: tinyNetwork(3, 3), engine: reference }
  const { model: quality } = await scoreSet('Set5', set.pictures, 3, 'uint8', model)
  expect(sectionOf(page, 3)).toContain(`tiny <b>${quality.psnr.toFixed(2)} dB</b>`)
})

test('text from the files of a run is escaped on the page', async () => {
  const folder = await makeRun({ scales: [3], options: { name: '</pre><script>alert(1)</script>' } })
  const set = pictureSet('"><script>', 'a&b')
  const page = await readFile(
    await writeReport(folder, { out: await emptyFolder(), sets: [set], engine: reference }),
    'utf8',
  )
  expect(page).not.toContain('<script')
  expect(page).toContain('&lt;/pre&gt;&lt;script&gt;')
  expect(page).toContain('alt="a&amp;b: bicubic"')
})

test('the page of an unfinished run shows its curves so far and says that it is unfinished', async () => {
  const folder = await makeRun({ scales: [2], begun: [4] })
  await appendFile(path.join(folder, 'x4/log.jsonl'), '{"step":99,"patc') // killed while writing
  const page = await readFile(await writeReport(folder, { sets: [], engine: reference }), 'utf8')
  expect(sectionOf(page, 4)).toContain('Not finished: this is the state after 12.8K patches')
  expect(sectionOf(page, 4).match(/<polyline/g)).toHaveLength(2)
  expect(sectionOf(page, 4)).not.toContain('<img')
  expect(sectionOf(page, 2)).toContain('There are no crops')
  expect(sectionOf(page, 2)).not.toContain('Not finished')
})

test('an invalid line of a log causes an error that names the file and the line', async () => {
  const folder = await makeRun({ scales: [], begun: [3] })
  await appendFile(path.join(folder, 'x3/log.jsonl'), 'nonsense\n')
  await expect(readRun(folder)).rejects.toThrow('x3/log.jsonl:5: expected a line of JSON, got nonsense')
})

test('a folder without a run is refused, and so is an unknown run', async () => {
  await expect(readRun(await emptyFolder())).rejects.toThrow('x3/log.jsonl or manifest.json')
  await expect(command.run(['no-such-run'])).rejects.toThrow(UsageError)
  await expect(command.run([])).rejects.toThrow('expected RUN to report on, got nothing')
  const folder = await makeRun({ scales: [3] })
  await expect(command.run([folder, '--data', 'nowhere'])).rejects.toThrow(
    'expected --data to name a folder that exists, got "nowhere"',
  )
})

test.each([false, true])(
  'the first crop is cut from the truth, and the second shows the PSNR that evaluation measures (grey: %s)',
  async (isGrey) => {
    const picture = { ...drawnPicture('drawn', 130, 121, 5), isGrey }
    if (isGrey) {
      const { data } = picture.rgba
      for (let i = 0; i < data.length; i += 4) data.fill(data[i], i, i + 3)
    }
    const [truth, bicubic] = await cropHardestPlace(picture, 3, [BICUBIC_METHOD])
    const score = await scoreSet('drawn', [picture], 3, 'float')
    expect(truth.psnr).toBeUndefined()
    expect(bicubic.psnr).toBeCloseTo(score.bicubic.psnr, 10)
    expect([truth.rgba.width, truth.rgba.height]).toEqual([96, 96])
    expect(placeOf(truth.rgba, picture.rgba)).toBeDefined()
    expect(bicubic.rgba.data).not.toEqual(truth.rgba.data)
  },
)

test('filters are sorted by falling variance, and in each of them 0 is grey and the largest weight is black or white', async () => {
  const network = tinyNetwork(1)
  const [layer] = network.layers
  layer.weights.fill(0, 0, 81) // all zero: sorted last
  layer.weights.fill(0, 81, 162)
  layer.weights[81] = -9 // the largest variance: sorted first
  const sheet = drawFilters(layer)
  const folder = await emptyFolder()
  await writeFile(path.join(folder, 'sheet.png'), await codec.encode(sheet, { format: 'png', quality: 100 }))
  const bytes = await readFile(path.join(folder, 'sheet.png'))
  const read = await codec.decode(bytes, readHeader(bytes))
  expect([read.width, read.height]).toEqual([3 * 60 - 6, 3 * 60 - 6]) // 8 kernels: 3 x 3 cells
  const at = (x: number, y: number) => Array.from(read.data.subarray(4 * (y * read.width + x)).slice(0, 4))
  expect(at(0, 0)).toEqual([0, 0, 0, 255])
  expect(at(10, 10)).toEqual([128, 128, 128, 255])
  expect(at(60 + 20, 120 + 20)).toEqual([128, 128, 128, 255])
  expect(at(55, 5)[3]).toBe(0) // between two kernels
  expect(at(120 + 20, 120 + 20)[3]).toBe(0) // the ninth cell is empty
})

test('filters of a network on RGB are drawn in colour, one per output', () => {
  const { layers } = createNetwork({ kernels: [1, 1], widths: [2], channels: 3 })
  layers[0].weights.set([0.5, 0, -1, 0, 0, 0]) // the second filter is all zero
  const { width, height, data } = drawFilters(layers[0])
  expect([width, height]).toEqual([2 * 12 - 6, 6])
  expect(Array.from(data.subarray(0, 4))).toEqual([191, 128, 0, 255])
  expect(Array.from(data.subarray(4 * 12, 4 * 13))).toEqual([128, 128, 128, 255])
})

test.each([
  ['a linear axis', [0, 10], false, ['0', '2', '4', '6', '8', '10']],
  ['a narrow range', [29.61, 32.4], false, ['30', '31', '32']],
  ['small values', [0.0012, 0.0019], false, ['0.0012', '0.0014', '0.0016', '0.0018']],
  ['equal values', [5, 5], false, ['4.8', '4.9', '5.0', '5.1', '5.2']],
  ['a logarithmic axis', [32, 1_280_000], true, ['100', '1K', '10K', '100K', '1M']],
  ['two decades', [1e-4, 8e-3], true, ['1e-4', '2e-4', '5e-4', '1e-3', '2e-3', '5e-3']],
  ['less than a decade', [300, 460], true, ['300', '350', '400', '450']],
])('the ticks of an axis are round numbers for %s', (_, values, isLog, texts) => {
  const axis = createAxis(values, isLog)
  expect(axis.ticks.map(({ text }) => text)).toEqual(texts)
  expect(axis.ticks.map(({ value }) => formatNumber(value))).toHaveLength(texts.length)
  for (const { value } of axis.ticks) {
    expect(axis.at(value)).toBeGreaterThanOrEqual(-1e-9)
    expect(axis.at(value)).toBeLessThanOrEqual(1 + 1e-9)
  }
})

test('a chart draws its line from corner to corner, and points below its axis outside the plot', () => {
  const chart = {
    title: 'PSNR',
    xLabel: 'patches',
    levels: [{ name: 'bicubic', value: 30 }],
    format: (value: number) => value.toFixed(1),
  }
  const points = [
    [1, 10],
    [10, 30],
    [100, 32],
  ] as const
  const pointsOf = (svg: string) => /<polyline class="curve" points="([^"]*)"/.exec(svg)?.[1]
  const whole = drawChart({ ...chart, line: { name: 'run', points } }).html
  expect(pointsOf(whole)).toBe('0,234 202,21.3 404,0')
  const cut = drawChart({ ...chart, line: { name: 'run', points }, least: 29 }).html
  expect(pointsOf(cut)).toBe('0,2574 202,234 404,0') // the first point is far below the plot
  expect(cut).toContain('bicubic <b>30.0</b>')
})

test('the template tag `markup` escapes text, inserts other markup unchanged, and omits undefined', () => {
  const inner = markup`<b>${'<&>'}</b>`
  expect(markup`<p title="${'"x"'}">${[inner, undefined, 3]}</p>`.html).toBe(
    '<p title="&quot;x&quot;"><b>&lt;&amp;&gt;</b>3</p>',
  )
})

/**
 * Writes the folder of a run as training does. The scales in `scales` are finished; those in `begun` have only a log.
 */
async function makeRun({
  scales,
  begun = [],
  channels = 1,
  options = { name: 'tiny' },
}: {
  scales: readonly number[]
  begun?: readonly number[]
  channels?: number
  options?: object
}): Promise<string> {
  const folder = await emptyFolder()
  const config = { options, node: process.version, started: '2026-01-02T03:04:05.000Z' }
  await writeFile(path.join(folder, 'config.json'), JSON.stringify(config))
  for (const scale of [...scales, ...begun]) {
    await mkdir(path.join(folder, `x${scale}`))
    const log = [0, 10, 100, 400].map((step) => ({
      step,
      patches: 32 * step,
      seconds: step / 10,
      loss: 0.01 / (1 + step),
      rate: 1e-3,
      psnr: 30 + step / 200,
      bicubic: 30.39,
    }))
    const lines = log.map((line) => `${JSON.stringify(line)}\n`)
    await writeFile(path.join(folder, `x${scale}/log.jsonl`), lines)
  }
  for (const scale of scales) {
    const network = tinyNetwork(scale, channels)
    await exportModel(folder, encodeNetwork(network), {
      name: 'tiny',
      scale,
      architecture: describeNetwork(network),
      data: 'drawn (2 images)',
      patches: 12_800,
      scores: [{ set: 'Set5', input: 'float', images: 1, psnr: 21, ssim: 0.6, bicubic: { psnr: 20, ssim: 0.5 } }],
      validation: { data: 'Set5', images: 5, input: 'clean', psnr: 32, bicubic: 30.39 },
    })
  }
  return folder
}

/** Returns a 9-1-5 network with 8 and 4 channels and small random weights. */
function tinyNetwork(seed: number, channels = 1): Network {
  const random = createRandom(seed)
  const network = createNetwork({ kernels: [9, 1, 5], widths: [8, 4], channels, residual: true })
  for (const { weights } of network.layers) {
    weights.forEach((_, i) => (weights[i] = 0.02 * (random.next() - 0.5)))
  }
  return network
}

function pictureSet(set: string, picture: string): PictureSet {
  return { name: set, digest: '', pictures: [drawnPicture(picture, 60, 50, 1)] }
}

function drawnPicture(name: string, width: number, height: number, seed: number): Picture {
  return { name, rgba: drawPicture(width, height, seed), isGrey: false }
}

/** Returns the position of `part` in `whole`. Colours may differ by up to 2, because luma was rounded. */
function placeOf(part: Picture['rgba'], whole: Picture['rgba']) {
  for (let y = 0; y + part.height <= whole.height; y++) {
    for (let x = 0; x + part.width <= whole.width; x++) {
      let p = 0
      const differs = () => {
        const column = (p / 4) % part.width
        const row = Math.floor(p / 4 / part.width)
        const q = 4 * ((y + row) * whole.width + x + column)
        return [0, 1, 2].some((c) => Math.abs(part.data[p + c] - whole.data[q + c]) > 2)
      }
      while (p < part.data.length && !differs()) p += 4
      if (p === part.data.length) return { x, y }
    }
  }
  return undefined
}

function sectionOf(page: string, scale: number): string {
  const start = page.indexOf(`<h2>x${scale}</h2>`)
  expect(start).toBeGreaterThan(0)
  return page.slice(start, page.indexOf('</section>', start))
}

function emptyFolder(): Promise<string> {
  return mkdtemp(path.join(tmpdir(), 'report-'))
}
