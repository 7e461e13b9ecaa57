// `npm run bench -- networks` compares the shipped networks with each other. All of them make a result of the same
// size. Each runs in our kernel and in onnxruntime-web, in Node and in workerd. Times are CPU times.
import { readFile } from 'node:fs/promises'
import type { Engine, Planes } from '../../worker/engine/engine.ts'
import { createFusedEngine } from '../../worker/engine/fused.ts'
import { compileKernels } from '../../worker/platform/nodeFiles.ts'
import { createOrtEngine } from '../../worker/engine/ort.ts'
import { reference } from '../../worker/engine/reference.ts'
import { costOf, describeNetwork, type Network } from '../../worker/model/network.ts'
import { decodeNetwork } from '../../worker/model/networkFile.ts'
import { drawnPlane, drawnPlanes } from '../support/pictures/drawn.ts'
import { ort } from '../support/engine/ort.ts'
import { workerdMs } from '../support/measure/processes.ts'
import { maxDifference } from '../support/engine/samples.ts'
import { MODELS, shippedFamilies, shippedModels } from '../support/engine/shipped.ts'
import { compare, cpuMs, type Table } from './compare.ts'
import { compareColdStarts } from './coldStart.ts'
import { bundleEngines, memoryInWorkerd, startEngines } from './enginesWorkerd.ts'

const SCALES = [2, 3, 4]
/** Side of the result in pixels, a multiple of all scales. */
const SIDE = 768
/**
 * Scale of the networks whose first run in a fresh isolate is measured. START_SIDE is the side in pixels of the result
 * of that run.
 */
const START_SCALE = 3
const START_SIDE = 192
/** Side in pixels of the result that is compared with the slow reference. */
const SMALL_SIDE = 96

interface Subject {
  readonly name: string
  readonly file: Uint8Array
  readonly network: Network
  readonly input: Planes
}

export async function benchNetworks({ rounds = 20 }): Promise<Table[]> {
  const { arithmetic, modules } = compileKernels()
  const fused = createFusedEngine(modules, { name: `fused, ${arithmetic}` })
  const onnxruntime = createOrtEngine(ort, { executionProvider: 'wasm' })
  const tables: Table[] = []
  for (const scale of SCALES) {
    const subjects = await subjectsOf(scale)
    const contenders = subjects.flatMap(({ name, network, input }) =>
      [fused, onnxruntime].map((engine) => ({
        name: `${name}, ${engine.name}`,
        run: () => engine.run(network, input),
      })),
    )
    const notes: string[] = []
    for (const subject of subjects) notes.push(await describe(subject, scale, fused, onnxruntime))
    const title = `networks, x${scale} to ${SIDE}², CPU time in Node`
    tables.push(withRates(await compare(title, contenders, { rounds, warmups: 2, clock: cpuMs, notes })))
    tables.push(await compareInWorkerd(subjects, scale, rounds))
  }
  return [...tables, ...(await startsAndMemory(await subjectsOf(START_SCALE)))]
}

/** Measures a fresh isolate's first run, and the kernel's memory after a small and a large result. */
async function startsAndMemory(subjects: readonly Subject[]): Promise<Table[]> {
  const modules = await bundleEngines()
  const tables: Table[] = []
  const notes: string[] = []
  for (const { name, file, network, input } of subjects) {
    const small = await inputOf(network, START_SCALE, START_SIDE)
    tables.push(...(await compareColdStarts(name, modules, file, small)))
    const memory = async (of: Planes) => ((await memoryInWorkerd(file, of)) / 1e6).toFixed(2)
    notes.push(`${name}: ${await memory(small)} for ${START_SIDE}², ${await memory(input)} for ${SIDE}²`)
  }
  return [...tables, { title: "the kernel's linear memory in workerd, MB", rounds: 1, rows: [], notes }]
}

/** Returns the networks of this scale. SRCNN is the first, because the others are compared with it. */
async function subjectsOf(scale: number): Promise<Subject[]> {
  const families = await shippedFamilies(scale)
  const models = (await shippedModels(scale)).filter(({ name }) => families.includes(name))
  models.sort((a, b) => Number(b.name === 'srcnn') - Number(a.name === 'srcnn'))
  return Promise.all(
    models.map(async ({ name, file: path }) => {
      const file = new Uint8Array(await readFile(new URL(path, MODELS)))
      const network = decodeNetwork(file)
      return { name, file, network, input: await inputOf(network, scale, SIDE) }
    }),
  )
}

/** Returns an input from which the network makes a result of `side` x `side` pixels. */
async function inputOf(network: Network, scale: number, side: number): Promise<Planes> {
  if (network.scale === 1) return drawnPlanes(side, side, scale)
  return { channels: 1, ...(await drawnPlane(side / scale, side / scale)) }
}

async function describe(
  { name, network, input }: Subject,
  scale: number,
  fused: Engine,
  onnxruntime: Engine,
): Promise<string> {
  const small = await inputOf(network, scale, SMALL_SIDE)
  const macs = Math.round(costOf(network))
  const difference = async (a: Engine, b: Engine, of: Planes) =>
    maxDifference((await a.run(network, of)).data, (await b.run(network, of)).data).toExponential(1)
  const differences = [
    `to onnxruntime ${await difference(fused, onnxruntime, input)}`,
    `to the reference at ${SMALL_SIDE}² ${await difference(fused, reference, small)}`,
  ]
  const about = `${name}: ${describeNetwork(network)}, ${macs} multiplications per pixel`
  return `${about}; largest difference of the kernel ${differences.join(', ')}`
}

async function compareInWorkerd(subjects: readonly Subject[], scale: number, rounds: number): Promise<Table> {
  const modules = await bundleEngines()
  const started: Awaited<ReturnType<typeof startEngines>>[] = []
  try {
    // Each network has its own isolate, because onnxruntime's memory never shrinks.
    for (const { file, input } of subjects) started.push(await startEngines(modules, file, input))
    const contenders = subjects.flatMap(({ name }, i) =>
      ['relaxed', 'ort'].map((engine) => ({
        name: `${name}, ${engine}`,
        run: () => started[i].get(`engine=${engine}`),
      })),
    )
    const clock = (contender: number) => workerdMs(started[contender >> 1].processes) // two engines per network
    const title = `networks, x${scale} to ${SIDE}², CPU time in workerd`
    return withRates(await compare(title, contenders, { rounds, warmups: 2, clock }))
  } finally {
    await Promise.all(started.map(({ dispose }) => dispose()))
  }
}

function withRates(table: Table): Table {
  const rates = table.rows.map(({ name, medianMs }) => `${name} ${((1e6 * medianMs) / SIDE ** 2).toFixed(1)}`)
  return { ...table, notes: [`ns per pixel of the result: ${rates.join('; ')}`, ...table.notes] }
}
