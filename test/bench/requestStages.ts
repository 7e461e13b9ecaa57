// Measures each stage of a miss in Node, where clocks are finer than in workerd: how long the stage takes, and for how
// long it blocks the thread.
import { readFile } from 'node:fs/promises'
import { createCodec } from '../../worker/codec/codec.ts'
import { ENCODE_FORMATS as FORMATS, type EncodeFormat } from '../../worker/codec/contract.ts'
import { readHeader } from '../../worker/codec/header.ts'
import { loadCodecModules } from '../../worker/platform/nodeFiles.ts'
import type { Engine } from '../../worker/engine/engine.ts'
import { createFusedEngine } from '../../worker/engine/fused.ts'
import { compileKernels, compilePictureKernel } from '../../worker/platform/nodeFiles.ts'
import { upscale } from '../../worker/engine/upscale.ts'
import { createVectorEnlarger } from '../../worker/engine/vectorEnlarger.ts'
import type { Rgba } from '../../worker/image/plane.ts'
import { decodeNetwork } from '../../worker/model/networkFile.ts'
import { compare, cpuMs, median, type Table } from './compare.ts'
import { waitsDuring } from '../support/measure/threadWaits.ts'

const SCALE = 3
const QUALITY = 85

/** Printed names of the libraries that decode and encode each format. */
const DECODERS: Readonly<Record<EncodeFormat, string>> = { jpeg: 'ours', png: 'photon', webp: 'libwebp' }
const ENCODERS: Readonly<Record<EncodeFormat, string>> = { jpeg: 'ours', png: 'zlib', webp: 'libwebp' }

export type EncodedFiles = Readonly<Record<EncodeFormat, Uint8Array>>

/**
 * Times the stages for pictures of `side` x `side` pixels. `upscale` is also timed with an engine that computes
 * nothing, which shows how long everything except the network takes.
 */
export async function benchStages(side: number, files: EncodedFiles, rounds: number): Promise<Table[]> {
  const codec = createCodec(await loadCodecModules())
  const engine = createFusedEngine(compileKernels().modules)
  const enlarger = createVectorEnlarger(compilePictureKernel())
  const network = decodeNetwork(await readFile(`models/srcnn-x${SCALE}.onnx`))
  const idle: Engine = { name: 'idle', maxSide: engine.maxSide, run: async (_, input) => input }
  const decode = (format: EncodeFormat) => codec.decode(files[format], readHeader(files[format]))
  const enlarge = (picture: Rgba, by = engine) => upscale(picture, SCALE, { engine: by, network }, enlarger)
  const encode = (picture: Rgba, format: EncodeFormat) => codec.encode(picture, { format, quality: QUALITY })

  const small = await decode('jpeg')
  const large = await enlarge(small)
  const size = `${side}² -> ${SCALE * side}²`
  const contenders = [
    { name: 'upscale', run: () => enlarge(small) },
    { name: '  all except the network', run: () => enlarge(small, idle) },
    ...FORMATS.map((format) => ({
      name: `decode ${format} (${DECODERS[format]})`,
      run: () => decode(format),
    })),
    ...FORMATS.map((format) => ({
      name: `encode ${format} (${ENCODERS[format]})`,
      run: () => encode(large, format),
    })),
  ]
  const title = `stages of a miss in Node, ${size}, CPU time`
  const times = await compare(title, contenders, { rounds, warmups: 2, clock: cpuMs })

  const notes: string[] = []
  for (const format of FORMATS) {
    let picture: Rgba
    const stages = [
      { name: 'decode', run: async () => (picture = await decode(format)) },
      { name: 'upscale', run: async () => (picture = await enlarge(picture)) },
      { name: 'encode', run: () => encode(picture, format) },
    ]
    notes.push(`${format}: ${await describeBlocks(stages, rounds)}`)
  }
  const blocksTitle = `longest time for which the thread is blocked in Node, CPU time in ms, ${size}, medians`
  return [
    { ...times, notes: [sharesOf(times)] },
    { title: blocksTitle, rounds, rows: [], notes },
  ]
}

/**
 * Describes how the time of a JPEG is divided among the stages. The network's time is the time of `upscale` minus the
 * time of everything except the network.
 */
function sharesOf({ rows }: Table): string {
  const [upscaling, around] = rows.map(({ medianMs }) => medianMs)
  const msOf = (start: string) => rows.find(({ name }) => name.startsWith(start))!.medianMs
  const parts = {
    decoding: msOf('decode jpeg'),
    'resizing and colour': around,
    'the network': upscaling - around,
    [`encoding (${ENCODERS.jpeg})`]: msOf('encode jpeg'),
  }
  const all = Object.values(parts).reduce((sum, ms) => sum + ms)
  const shares = Object.entries(parts).map(([name, ms]) => `${name} ${((100 * ms) / all).toFixed(0)} %`)
  return `of a JPEG's ${all.toFixed(0)} ms: ${shares.join(', ')}`
}

interface MissStage {
  readonly name: string
  run(): Promise<unknown>
}

/** The longest times for which the thread was blocked, in ms of CPU time. */
interface Blocks {
  /** The longest time of all. It may extend from one stage into the next. */
  readonly longest: number
  /** Name of the stage in which most of `longest` was spent. */
  readonly stage: string
  /** The longest time within each stage. */
  readonly byStage: readonly number[]
}

async function describeBlocks(stages: readonly MissStage[], rounds: number): Promise<string> {
  const seen: Blocks[] = []
  for (let round = 0; round < rounds; round++) seen.push(await measureBlocks(stages))
  const sorted = seen.toSorted((a, b) => a.longest - b.longest)
  const [least, middle] = [sorted[0], sorted[rounds >> 1]]
  const byStage = stages.map(({ name }, s) => `${name} ${median(seen.map((one) => one.byStage[s])).toFixed(0)}`)
  const stage = `in ${middle.stage} (${byStage.join(', ')})`
  return `${middle.longest.toFixed(0)}, ${stage}; at least ${least.longest.toFixed(0)}`
}

/** Runs the stages one after another and measures for how long other work on this thread has to wait. */
async function measureBlocks(stages: readonly MissStage[]): Promise<Blocks> {
  const ends = [cpuMs()]
  const runStages = async () => {
    for (const { run } of stages) {
      await run()
      ends.push(cpuMs())
    }
  }
  const turn = () => new Promise((resolve) => setImmediate(resolve))
  const { waits } = await waitsDuring(runStages, { turn, cpuMs })
  const blocks = waits.map(({ cpu: { from, to } }) => {
    const parts = stages.map((_, s) => Math.min(to, ends[s + 1]) - Math.max(from, ends[s]))
    return { ms: Math.min(to, ends.at(-1)!) - from, parts }
  })
  const longest = blocks.reduce((a, b) => (b.ms > a.ms ? b : a))
  const stage = stages[longest.parts.indexOf(Math.max(...longest.parts))].name
  const byStage = stages.map((_, s) => blocks.reduce((most, { parts }) => Math.max(most, parts[s]), 0))
  return { longest: longest.ms, stage, byStage }
}
