// `npm run bench -- memory` measures the peak memory of an isolate while it makes the largest pictures that the limits
// allow (worker/platform/limits.ts). First each kind in a fresh worker, then twenty of a kind in a row, then all kinds in
// turn, so that memory that earlier misses left behind is counted, too. Memory is sampled every few milliseconds.
// WebAssembly memories count until they are garbage collected. Fails if a peak exceeds MAX_ISOLATE_BYTES.
import type { Miniflare } from 'miniflare'
import sharp from 'sharp'
import { readHeader } from '../../worker/codec/header.ts'
import { renderScene } from '../fixtures/make.ts'
import { setup } from '../support/worker/build.ts'
import { COUNT_WASM, inspect } from '../support/measure/inspector.ts'
import { startOrigin } from '../support/servers/origin.ts'
import { shippedFamilies } from '../support/engine/shipped.ts'
import { startWorker } from '../support/worker/worker.ts'
import type { Table } from './compare.ts'
import { describePeak, NO_PEAK, type Peak, peakDuring } from '../support/measure/peak.ts'

/** Most memory of an isolate, which may have 128 MB. */
const MAX_ISOLATE_BYTES = 110e6
/** Pictures of a kind that are made in a row, and rounds through all kinds. */
const IN_A_ROW = 20
const ROUNDS = 3

interface Kind {
  readonly name: string
  readonly picture: Buffer
  readonly query: string
}

export async function benchMemory(): Promise<Table[]> {
  await setup()
  const kinds = await largestKinds()
  const tables = [
    await benchEach('the first picture of an isolate', kinds, 1),
    await benchEach(`${IN_A_ROW} of the largest pictures in a row`, kinds.filter(isRepeated), IN_A_ROW),
    await benchAll(kinds),
    await benchFamilies(),
  ]
  // The tables are printed in any case, and say which peak it is.
  if (tables.some(({ notes }) => notes.some((note) => note.endsWith(TOO_HIGH)))) process.exitCode = 1
  return tables
}

/** True for the largest result of each format. */
function isRepeated({ query, name }: Kind): boolean {
  return query === 'sr=2' && !name.includes('turned')
}

/** Returns the largest pictures of each kind. */
async function largestKinds(): Promise<Kind[]> {
  const jpeg = { quality: 90 }
  const kind = async (name: string, [width, height]: readonly [number, number], query: string, make: Make) => {
    return { name, picture: await make(await sceneOf(width, height)), query }
  }
  const asJpeg: Make = (scene) => scene.removeAlpha().jpeg(jpeg).toBuffer()
  const asPng: Make = (scene) => scene.removeAlpha().png().toBuffer()
  const asWebp: Make = (scene) => scene.removeAlpha().webp(jpeg).toBuffer()
  return Promise.all([
    kind('JPEG, 6.25 MP x2', [2500, 2500], 'sr=2', asJpeg),
    kind('JPEG, 1.56 MP x4', [1250, 1250], 'sr=4', asJpeg),
    kind('JPEG, turned, 6 MP x2', [3000, 2000], 'sr=2', (scene) =>
      scene.removeAlpha().withMetadata({ orientation: 6 }).jpeg(jpeg).toBuffer(),
    ),
    kind('JPEG, 50 MP to 1280', [8160, 6120], 'sr-width=1280', asJpeg),
    kind('progressive JPEG, 24 MP to 1280', [6000, 4000], 'sr-width=1280', (scene) =>
      scene
        .removeAlpha()
        .jpeg({ ...jpeg, progressive: true })
        .toBuffer(),
    ),
    kind('PNG, 2 MP x2', [1414, 1414], 'sr=2', asPng),
    kind('PNG with alpha, 2 MP x2', [1414, 1414], 'sr=2', (scene) => scene.png().toBuffer()),
    kind('PNG, 24 MP to 1280', [6000, 4000], 'sr-width=1280', asPng),
    kind('interlaced PNG, 10 MP to 1280', [3600, 2700], 'sr-width=1280', (scene) =>
      scene.removeAlpha().png({ progressive: true }).toBuffer(),
    ),
    kind('WebP, 1 MP x2', [1000, 1000], 'sr=2', asWebp),
    kind('WebP with alpha, 0.6 MP x2', [774, 774], 'sr=2', (scene) => scene.webp(jpeg).toBuffer()),
    kind('lossless WebP, 4 MP to 1280', [2000, 2000], 'sr-width=1280', (scene) =>
      scene.removeAlpha().webp({ lossless: true, effort: 0 }).toBuffer(),
    ),
  ])
}
type Make = (scene: sharp.Sharp) => Promise<Buffer>

/** Returns a drawn picture whose alpha varies. */
async function sceneOf(width: number, height: number): Promise<sharp.Sharp> {
  const scene = await renderScene('harbour')
  const picture = scene.data.slice()
  for (let p = 3; p < picture.length; p += 4) picture[p] = picture[p - 1]
  const raw = { width: scene.width, height: scene.height, channels: 4 } as const
  return sharp(picture, { raw }).resize(width, height, { fit: 'fill' })
}

/** Makes each kind `count` times in a fresh worker. */
async function benchEach(title: string, kinds: readonly Kind[], count: number): Promise<Table> {
  const notes: string[] = []
  for (const kind of kinds) notes.push(noteOf(kind.name, await peakOf(Array.from({ length: count }, () => kind))))
  return { title: `peak memory in MB: ${title}`, rounds: count, rows: [], notes }
}

/** Makes all kinds in turn in one worker. */
async function benchAll(kinds: readonly Kind[]): Promise<Table> {
  const peak = await peakOf(Array.from({ length: ROUNDS }, () => kinds).flat())
  return { title: 'peak memory in MB: all kinds in turn', rounds: ROUNDS, rows: [], notes: [noteOf('all kinds', peak)] }
}

async function benchFamilies(): Promise<Table> {
  const [scale, side] = [3, 512]
  const picture = await (await sceneOf(side, side)).removeAlpha().jpeg({ quality: 90 }).toBuffer()
  const notes: string[] = []
  for (const model of await shippedFamilies(scale)) {
    notes.push(noteOf(model, await peakOf([{ name: model, picture, query: `sr=${scale}&sr-model=${model}` }])))
  }
  const title = `peak memory in MB by network, ${side}² -> ${scale * side}², JPEG`
  return { title, rounds: 1, rows: [], notes }
}

const TOO_HIGH = ', TOO HIGH'

function noteOf(name: string, peak: Peak): string {
  return describePeak(name.padEnd(32), peak) + (peak.isolate > MAX_ISOLATE_BYTES ? TOO_HIGH : '')
}

/** Returns the highest peak while a fresh worker makes the results one after another. */
async function peakOf(kinds: readonly Kind[]): Promise<Peak> {
  const origin = await startOrigin()
  for (const { name, picture } of kinds) origin.serve(`/${encodeURIComponent(name)}`, picture, HEADERS)
  const worker = await startWorker({ vars: { ORIGIN_URL: origin.url }, prelude: COUNT_WASM, inspectorPort: 0 })
  const inspector = await inspect(worker)
  let highest = NO_PEAK
  for (const kind of kinds) {
    const peak = await peakDuring(inspector, ask(worker, kind))
    if (peak.isolate > highest.isolate) highest = peak
  }
  inspector.close()
  await worker.dispose()
  await origin.close()
  return highest
}
const HEADERS = { 'cache-control': 'no-store' }

async function ask(worker: Miniflare, { name, picture, query }: Kind): Promise<void> {
  const response = await worker.dispatchFetch(`http://site.test/${encodeURIComponent(name)}?${query}`)
  await response.arrayBuffer()
  const field = response.headers.get('x-sr')
  const { type, width, height } = readHeader(picture)
  if (!field?.startsWith('done') || field.includes('asked')) {
    throw new Error(`expected what was asked for of ${name} (${type}, ${width}x${height}), got ${field}`)
  }
}
