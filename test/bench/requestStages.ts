// A miss stage by stage in Node, where clocks are finer: what each takes, and how long it keeps others out.
import { readFile } from 'node:fs/promises'
import { createCodec } from '../../worker/codec/codec.ts'
import { ENCODE_FORMATS as FORMATS, type EncodeFormat } from '../../worker/codec/contract.ts'
import { readHeader } from '../../worker/codec/header.ts'
import { loadCodecModules } from '../../worker/platform/nodeFiles.ts'
import type { Engine } from '../../worker/engine/engine.ts'
import { createFusedEngine } from '../../worker/engine/fused.ts'
import { loadKernels, loadPictureKernel } from '../../worker/platform/nodeFiles.ts'
import { upscale } from '../../worker/engine/upscale.ts'
import { createVectorEnlarger } from '../../worker/engine/vectorEnlarger.ts'
import type { Rgba } from '../../worker/image/plane.ts'
import { decodeNetwork } from '../../worker/model/networkFile.ts'
import { compare, cpuMs, median, type Table } from './bench.ts'
import { type Stage, type Stretches, stretchesOf } from './stretch.ts'

const SCALE = 3
const QUALITY = 85

/** What does it. */
const DECODERS: Readonly<Record<EncodeFormat, string>> = { jpeg: 'mozjpeg', png: 'photon', webp: 'libwebp' }
const ENCODERS: Readonly<Record<EncodeFormat, string>> = { jpeg: 'mozjpeg', png: 'zlib', webp: 'libwebp' }

export type Files = Readonly<Record<EncodeFormat, Uint8Array>>

/** The network's share of `upscale` is what its engine takes. */
export async function benchStages(side: number, files: Files, rounds: number): Promise<Table[]> {
  const codec = createCodec(await loadCodecModules())
  const engine = createFusedEngine((await loadKernels()).modules)
  const enlarger = createVectorEnlarger(await loadPictureKernel())
  const network = decodeNetwork(await readFile(`models/srcnn-x${SCALE}.onnx`))
  const idle: Engine = { name: 'idle', maxSide: engine.maxSide, run: async (_, input) => input }
  const decode = (format: EncodeFormat) => codec.decode(files[format], readHeader(files[format]))
  const enlarge = (picture: Rgba, by = engine) => upscale(picture, SCALE, { engine: by, network }, enlarger)
  const encode = (picture: Rgba, format: EncodeFormat) => codec.encode(picture, { format, quality: QUALITY })

  const small = await decode('jpeg')
  const large = await enlarge(small)
  const size = `${side}² -> ${SCALE * side}²`
  const candidates = [
    { name: 'upscale', run: () => enlarge(small) },
    { name: '  all but the network', run: () => enlarge(small, idle) },
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
  const times = await compare(title, candidates, { rounds, warmups: 2, clock: cpuMs })

  const notes: string[] = []
  for (const format of FORMATS) {
    let picture: Rgba
    const stages = [
      { name: 'decode', run: async () => (picture = await decode(format)) },
      { name: 'upscale', run: async () => (picture = await enlarge(picture)) },
      { name: 'encode', run: () => encode(picture, format) },
    ]
    notes.push(`${format}: ${await describeStretches(stages, rounds)}`)
  }
  const stretches = `longest time without a turn for others in Node, CPU time in ms, ${size}, medians`
  return [
    { ...times, notes: [sharesOf(times)] },
    { title: stretches, rounds, rows: [], notes },
  ]
}

/** Where the time of a JPEG goes. The network has what all else leaves of `upscale`. */
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
  return `of a JPEG's ${all.toFixed(0)} ms: ${Object.entries(parts)
    .map(([name, ms]) => `${name} ${((100 * ms) / all).toFixed(0)} %`)
    .join(', ')}`
}

async function describeStretches(stages: readonly Stage[], rounds: number): Promise<string> {
  const seen: Stretches[] = []
  for (let round = 0; round < rounds; round++) seen.push(await stretchesOf(stages))
  const sorted = seen.toSorted((a, b) => a.longest - b.longest)
  const middle = sorted[rounds >> 1]
  const byStage = stages.map(({ name }, s) => `${name} ${median(seen.map((one) => one.byStage[s])).toFixed(0)}`)
  return `${middle.longest.toFixed(0)}, in ${middle.stage} (${byStage.join(', ')}); at least ${sorted[0].longest.toFixed(0)}`
}
