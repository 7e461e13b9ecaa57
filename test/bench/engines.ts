// `npm run bench -- engines` compares the engines on one luma plane, with the shipped 9-1-5 network. The engines take
// turns in one process, first in Node, then in workerd. Times are CPU times, because other load on the machine hardly
// changes them. After that, the first run in a fresh isolate and the kernel's memory are measured. The reference is
// slow, so it is timed only on a small plane.
import { readFile } from 'node:fs/promises'
import { gzipSync } from 'node:zlib'
import type { Engine, Planes } from '../../worker/engine/engine.ts'
import { createFusedEngine } from '../../worker/engine/fused.ts'
import { buildKernel } from '../../worker/build/kernels.ts'
import { hasRelaxedSimd } from '../../worker/platform/nodeFiles.ts'
import { ARITHMETICS, type Arithmetic } from '../../worker/engine/kernel/arithmetic.ts'
import { createOrtEngine, type OrtRuntime } from '../../worker/engine/ort.ts'
import { reference } from '../../worker/engine/reference.ts'
import { psnr } from '../../worker/image/metrics.ts'
import { costOf, type Network } from '../../worker/model/network.ts'
import { decodeNetwork } from '../../worker/model/networkFile.ts'
import { watchMemories } from '../support/measure/memories.ts'
import { ort } from '../support/engine/ort.ts'
import { maxDifference } from '../support/engine/samples.ts'
import { drawnPlanes } from '../support/pictures/drawn.ts'
import { compare, cpuMs, type Table } from './compare.ts'
import { compareColdStarts } from './coldStart.ts'
import { bundleEngines, compareInWorkerd, memoryInWorkerd } from './enginesWorkerd.ts'

const SCALE = 3
const MODEL = new URL(`../../models/srcnn-x${SCALE}.onnx`, import.meta.url)
const ORT_WASM = new URL('../../node_modules/onnxruntime-web/dist/ort-wasm-simd-threaded.wasm', import.meta.url)

const SMALL: [number, number] = [64, 64]
const SIZES: [number, number][] = [
  [256, 256],
  [512, 512],
  [768, 768],
  [1500, 1000],
]

/** Width and height of a plane that is wider than one strip of the kernel. */
const WIDE: [number, number] = [4096, 64]

/** An engine, and the measured cost of starting it. */
interface Subject {
  readonly engine: Engine
  readonly bytes: Uint8Array
  /** CPU time in ms that the engine needs from its WebAssembly bytes to its first result, of size SMALL. */
  readonly coldStartMs: number
  readonly memories: readonly WebAssembly.Memory[]
}

export async function benchEngines({ rounds = 20 }): Promise<Table[]> {
  const model = new Uint8Array(await readFile(MODEL))
  const network = decodeNetwork(model)
  const input = await drawnPlanes(...SMALL, SCALE)
  const isRelaxedHere = hasRelaxedSimd()
  const kinds = ARITHMETICS.filter((kind) => kind === 'plain' || isRelaxedHere)
  const subjects = [await startOrt(network, input)]
  for (const kind of kinds) subjects.push(await startFused(kind, network, input))
  const native = await nativeOrt()

  const tables = [await compareOn(network, SMALL, [subjects[0].engine, reference], rounds)]
  const engines = [...subjects.map(({ engine }) => engine), ...(native ? [native] : [])]
  for (const size of SIZES) {
    const table = await compareOn(network, size, engines, rounds)
    const notes = subjects.map(({ engine, memories }) => `${engine.name}: linear memory ${megabytesOf(memories)} MB`)
    tables.push({ ...table, notes: [...table.notes, ...notes] })
  }
  const planes = await Promise.all(SIZES.map(([width, height]) => drawnPlanes(width, height, SCALE)))
  const modules = await bundleEngines()
  tables.push(...(await compareInWorkerd(modules, model, planes, rounds)))
  tables.push(...(await compareColdStarts('srcnn', modules, model, input)))
  tables.push(await benchMemory(model, network, subjects.slice(1)))
  const notes = subjects.map(
    ({ engine, bytes, coldStartMs }) =>
      `${engine.name}: ${bytes.length} bytes, gzip ${gzipSync(bytes, { level: 9 }).length}; ` +
      `cold start ${coldStartMs.toFixed(1)} ms of CPU, with compilation`,
  )
  return [...tables, { title: 'engines, sizes and cold starts in Node', rounds: 1, rows: [], notes }]
}

/** Measures the kernel's memory for whole pictures, without the tiles into which upscale.ts cuts them. */
async function benchMemory(model: Uint8Array, network: Network, subjects: readonly Subject[]): Promise<Table> {
  const side = 1536
  const notes: string[] = []
  for (const [width, height] of [[side, side], WIDE]) {
    const input = await drawnPlanes(width, height, SCALE)
    for (const { engine, memories } of subjects) {
      await engine.run(network, input)
      notes.push(`${width}x${height} in Node, ${engine.name}: ${megabytesOf(memories)}`)
    }
    const inWorkerd = await memoryInWorkerd(model, input)
    notes.push(`${width}x${height} in workerd, relaxed: ${(inWorkerd / 1e6).toFixed(2)}`)
  }
  return { title: "the kernel's linear memory, MB", rounds: 1, rows: [], notes }
}

async function compareOn(
  network: Network,
  [width, height]: [number, number],
  engines: readonly Engine[],
  rounds: number,
): Promise<Table> {
  const input = await drawnPlanes(width, height, SCALE)
  const results: Planes[] = []
  for (const engine of engines) results.push(await engine.run(network, input))
  const notes = results.slice(1).map((result, i) => `${engines[i + 1].name}: ${accuracyOf(result, results[0])}`)
  const contenders = engines.map((engine) => ({
    name: engine.name,
    run: () => engine.run(network, input),
  }))
  const title = `engines, ${width}x${height}, CPU time`
  const table = await compare(title, contenders, { rounds, warmups: 2, clock: cpuMs })
  const rate = (costOf(network) * width * height) / table.rows[0].medianMs / 1e6
  return { ...table, notes: [...notes, `${engines[0].name}: ${rate.toFixed(1)} GMAC/s`] }
}

/**
 * Describes how `planes` differ from `first`: the largest difference, the PSNR, and the share of pixels that differ
 * when rounded to 256 levels.
 */
function accuracyOf(planes: Planes, first: Planes): string {
  const level = (v: number) => Math.round(255 * Math.min(1, Math.max(0, v)))
  let changed = 0
  planes.data.forEach((v, i) => (changed += Number(level(v) !== level(first.data[i]))))
  const percent = (100 * changed) / planes.data.length
  const largest = maxDifference(planes.data, first.data).toExponential(1)
  return `largest difference ${largest}, ${psnr(planes, first).toFixed(0)} dB, ${percent.toFixed(4)} % of pixels changed`
}

async function startFused(kind: Arithmetic, network: Network, input: Planes): Promise<Subject> {
  const bytes = await buildKernel('srcnn', kind)
  // createFusedEngine() also requires this kernel, but 9-1-5 does not use it.
  const subpixel = await WebAssembly.compile(await buildKernel('subpixel', kind))
  return startWatched(bytes, async () => {
    const modules = { srcnn: await WebAssembly.compile(bytes), subpixel }
    const engine = createFusedEngine(modules, { name: `fused, ${kind}` })
    await engine.run(network, input)
    return engine
  })
}

async function startOrt(network: Network, input: Planes): Promise<Subject> {
  return startWatched(new Uint8Array(await readFile(ORT_WASM)), async () => {
    const engine = createOrtEngine(ort, { executionProvider: 'wasm' })
    await engine.run(network, input)
    return engine
  })
}

/**
 * Returns an engine of onnxruntime-node that runs on one thread, like the other engines. Returns undefined if
 * onnxruntime-node, which may be left out, is not installed.
 */
async function nativeOrt(): Promise<Engine | undefined> {
  try {
    const runtime = (await import('onnxruntime-node')) as unknown as OrtRuntime
    const sessionOptions = { intraOpNumThreads: 1, interOpNumThreads: 1 }
    return createOrtEngine(runtime, { executionProvider: 'cpu', name: 'ort, native', sessionOptions })
  } catch {
    return undefined
  }
}

function megabytesOf(memories: readonly WebAssembly.Memory[]): string {
  return memories.map(({ buffer }) => (buffer.byteLength / 1e6).toFixed(2)).join(' + ')
}

/** Starts an engine and records its cold start and its WebAssembly memories. */
function startWatched(bytes: Uint8Array, start: () => Promise<Engine>): Promise<Subject> {
  return watchMemories(async (memories) => {
    const begin = cpuMs()
    const engine = await start()
    return { engine, bytes, coldStartMs: cpuMs() - begin, memories }
  })
}
