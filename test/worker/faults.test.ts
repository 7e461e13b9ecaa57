// Whatever fails - an origin, a cache, a bucket, a codec, a network, a visitor - the visitor gets the picture (enlarged
// or not) or the error of the origin, in time, and no wrong result is kept. A cell is one combination of such failures.
// matrix.ts tries the cells.
//
// `npm test` tries each fault alone and combined with a few others. `npm run faults` tries every fault of a store with
// every fault of an origin.
import type { Miniflare } from 'miniflare'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { encodeNetwork } from '../../worker/model/networkFile.ts'
import { type Cell, KNOWN, LEAVING } from '../support/faults/cell.ts'
import { CELL_FORMATS, CELL_SIZE } from '../support/faults/cellPictures.ts'
import { ORIGIN_FAULTS } from '../support/faults/faultyOrigin.ts'
import { type FaultMatrix, SECRET, startMatrix } from '../support/faults/matrix.ts'
import { ASSETS_FAULTS, COMPUTE_FAULTS, type Faults, STORE_FAULTS } from '../support/faultyWorker/faults.ts'
import { lifting, shipModels } from '../support/engine/models.ts'

const isEvery = process.env.FAULTS === 'all'
const TIMEOUT_MS = isEvery ? 3_600_000 : 120_000

/** Number of cells that run at the same time. If more ran, answers would be late even for healthy origins. */
const CELLS_AT_ONCE = 8

let matrix: FaultMatrix
beforeAll(async () => {
  matrix = await startMatrix(ship)
})
afterAll(async () => {
  process.stderr.write(`fault matrix: ${matrix.tally()}\n`)
  await matrix.dispose()
})

/** Functions that start the waiting cells of all tests. */
const waiting: (() => void)[] = []
let running = 0
async function inTurn(work: () => Promise<void>): Promise<void> {
  if (running === CELLS_AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve))
  else running++
  await work()
  const next = waiting.shift()
  if (next) next()
  else running--
}

/** Tries all cells, and fails with the messages of the cells that go wrong. */
async function expectAll(cells: readonly Cell[]): Promise<void> {
  const failures: string[] = []
  const attempt = (cell: Cell) => matrix.tryCell(cell).catch((error: Error) => void failures.push(error.message))
  await Promise.all(cells.map((cell) => inTurn(() => attempt(cell))))
  expect(failures).toEqual([])
}

/**
 * Returns the list's item for a turn. After the last item, the list begins again, so a few cells cover the whole list.
 */
const at = <T>(list: readonly T[], turn: number) => list[turn % list.length]
const numbered = <T>(list: readonly T[]) => [...list.entries()]

const inEachStore = (fault: Faults['edge']): Faults[] => [{ edge: fault }, { r2: fault }, { edge: fault, r2: fault }]
const STORAGE = STORE_FAULTS.flatMap(inEachStore)

describe.concurrent('whatever an origin does, the visitor gets the picture or an error in time', () => {
  test.each(numbered(Object.keys(ORIGIN_FAULTS)))(
    '%i: %s',
    async (i, origin) => {
      const alone: Cell[] = [
        { origin, known: 'nothing', faults: {} },
        { origin, known: 'stale', faults: {} },
      ]
      const crossed: Cell[] = isEvery
        ? STORAGE.flatMap((faults) => KNOWN.map((known) => ({ origin, known, faults })))
        : [0, 1].map((k) => ({ origin, known: at(KNOWN, i + k), faults: at(STORAGE, 2 * i + k) }))
      await expectAll([...alone, ...crossed])
    },
    TIMEOUT_MS,
  )
})

/** The origins and states of the cache with which a fault inside the worker can change the answer. */
const TELLING: readonly Pick<Cell, 'origin' | 'known'>[] = [
  { origin: 'well', known: 'nothing' },
  { origin: 'changed', known: 'stale' },
  { origin: 'slow', known: 'nothing' },
  { origin: '503', known: 'stale' },
  { origin: 'well', known: 'fresh' },
  { origin: 'well', known: 'stale' },
  { origin: 'closed before an answer', known: 'stale' },
  { origin: 'slow', known: 'stale' },
]

describe.concurrent('whatever a store does, the visitor gets the picture or an error in time', () => {
  test.each(numbered(STORE_FAULTS))(
    '%i: %s',
    async (i, fault) => {
      const some = (k: number) => (isEvery ? TELLING : [at(TELLING, 3 * i + k)])
      await expectAll(
        inEachStore(fault).flatMap((faults, k) => some(k).map(({ origin, known }) => ({ origin, known, faults }))),
      )
    },
    TIMEOUT_MS,
  )

  test.runIf(isEvery)(
    'all stores hang, the one of the weights too, and the origin takes as long as the default timeouts allow',
    async () => {
      const patient = await startMatrix(ship, { originMs: 10_000, sourceMs: 20_000 })
      const faults = { edge: 'get hangs', r2: 'get hangs', models: 'get hangs' } as const
      const query = `sr=2&sr-model=${modelName(0, 0)}`
      const heal = healing(patient, 0, 0)
      const tries = ['late', 'stalled at 99 %', 'no answer at all'].map((origin) =>
        patient.tryCell({ origin, known: 'nothing', faults, query, heal, deadlineMs: 35_000 }),
      )
      await Promise.all(tries).finally(() => patient.dispose())
      process.stderr.write(`fault matrix, default timeouts: ${patient.tally()}\n`)
    },
    TIMEOUT_MS,
  )
})

describe.concurrent('whatever a codec or a network does, the visitor gets the picture or an error in time', () => {
  test.each(numbered(COMPUTE_FAULTS))(
    '%i: %s',
    async (i, compute) => {
      const some = (k: number) => (isEvery ? TELLING : [TELLING[k === 0 ? 0 : 1 + (i % 2)]])
      const faults = { compute }
      const query = `sr-width=${CELL_SIZE}`
      const isShrunk = compute === 'shrinker traps'
      await expectAll(
        CELL_FORMATS.flatMap((format, k) =>
          some(k).map(({ origin, known }) =>
            isShrunk ? { origin, known, format, faults, query } : { origin, known, format, faults },
          ),
        ),
      )
    },
    TIMEOUT_MS,
  )
})

describe.concurrent('whenever a visitor leaves, the next one gets the result in time', () => {
  const FAULTS: readonly Faults[] = [
    {},
    { compute: 'network takes long' },
    { edge: 'get hangs' },
    { r2: 'get hangs' },
    { edge: 'put hangs', r2: 'put hangs' },
  ]
  const ORIGINS = ['well', 'slow', 'no answer at all', 'body byte by byte', 'a gigabyte', 'chunks for ever']

  test.each(numbered(LEAVING))(
    '%i: %s',
    async (i, leaves) => {
      const cells = FAULTS.flatMap((faults, k) => {
        const known = at(['nothing', 'stale'] as const, i + k)
        const some = isEvery ? ORIGINS : [at(ORIGINS, i + k)]
        return some.map((origin) => ({ origin, known, faults, leaves }))
      })
      await expectAll(cells)
    },
    TIMEOUT_MS,
  )
})

/** Damage to a file of weights in the bucket. Undefined means that the file is deleted. */
const FILES: Readonly<Record<string, (file: Uint8Array) => Uint8Array | undefined>> = {
  missing: () => undefined,
  altered: (file) => file.map((byte, i) => (i === file.length >> 1 ? byte ^ 1 : byte)),
  cut: (file) => file.slice(0, -9),
  empty: () => new Uint8Array(0),
  'those of another model': () => modelFile(99, 9),
}
const READS = ['get throws', 'get hangs', 'body breaks off', 'body hangs'] as const
const WEIGHTS_ORIGINS = isEvery ? ['well', 'slow', '404', 'closed before an answer'] : ['well', 'slow']

/** Returns the name of weights that only one cell uses, because an isolate remembers all weights that it has read. */
const modelName = (fault: number, k: number) => `model-${fault}-${k}`
const modelFile = (fault: number, k: number) => encodeNetwork(lifting(0.001 * (10 * fault + k)))

async function ship(worker: Miniflare): Promise<void> {
  const models = [...Object.keys(FILES), ...READS].flatMap((_, i) =>
    [0, 1, 2, 3].map((k) => ({ name: modelName(i, k), file: modelFile(i, k) })),
  )
  await shipModels(worker, models)
  const bucket = await worker.getR2Bucket('MODELS_BUCKET')
  for (const [i, damage] of Object.values(FILES).entries()) {
    for (const k of [0, 1, 2, 3]) {
      const name = `${modelName(i, k)}-x2.onnx`
      const damaged = damage(modelFile(i, k))
      if (damaged) await bucket.put(name, damaged)
      else await bucket.delete(name)
    }
  }
}

const healing =
  ({ worker }: FaultMatrix, fault: number, k: number) =>
  async () => {
    const bucket = await worker.getR2Bucket('MODELS_BUCKET')
    await bucket.put(`${modelName(fault, k)}-x2.onnx`, modelFile(fault, k))
  }

describe.concurrent('whatever happens to weights, the visitor gets the picture or an error in time', () => {
  test.each(numbered(Object.keys(FILES)))(
    '%i: %s',
    async (i) => {
      const cells = WEIGHTS_ORIGINS.map((origin, k): Cell => ({
        origin,
        known: 'nothing',
        faults: {},
        query: `sr=2&sr-model=${modelName(i, k)}`,
        heal: healing(matrix, i, k),
      }))
      await expectAll(cells)
    },
    TIMEOUT_MS,
  )

  test.each(numbered(READS))(
    '%i: a bucket whose %s',
    async (i, models) => {
      const nameOf = (k: number) => modelName(Object.keys(FILES).length + i, k)
      await expectAll(
        WEIGHTS_ORIGINS.map((origin, k) => ({
          origin,
          known: 'nothing',
          faults: { models },
          query: `sr=2&sr-model=${nameOf(k)}`,
        })),
      )
    },
    TIMEOUT_MS,
  )

  test.each(numbered(ASSETS_FAULTS))(
    '%i: an asset that %s',
    async (i, assets) => {
      // These weights are in the assets, not in the script, and no other cell loads them.
      const query = at(
        ['sr=2&sr-model=quality', 'sr=3&sr-model=quality', 'sr=2&sr-model=srcnn-free', 'sr=3&sr-model=srcnn-free'],
        i,
      )
      await expectAll([{ origin: 'well', known: 'nothing', faults: { assets }, query }])
    },
    TIMEOUT_MS,
  )
})

// The last test, which sees the lines of all cells before it.
test('no line that the worker has logged during all these faults contains the query of a URL', () => {
  const { lines } = matrix
  for (const kind of [
    '"sr":"skipped"',
    'DECODE: http',
    'ENCODE: http',
    'ENGINE: http',
    'cache: edge get',
    'cache: r2 put',
  ]) {
    expect(
      lines.some((line) => line.includes(kind)),
      `a line with ${kind}`,
    ).toBe(true)
  }
  expect(lines.filter((line) => line.includes('get failed for http')).length).toBeGreaterThan(0)
  expect(lines.filter((line) => line.includes(SECRET))).toEqual([])
})
