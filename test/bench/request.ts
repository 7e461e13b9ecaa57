// A miss from end to end: through workerd, and stage by stage in Node, where clocks are finer.
import { readFile } from 'node:fs/promises'
import sharp from 'sharp'
import { createCodec } from '../../worker/codec/codec.ts'
import { readHeader } from '../../worker/codec/header.ts'
import { loadCodecModules } from '../../worker/codec/node.ts'
import type { Engine } from '../../worker/engine/engine.ts'
import { createFusedEngine } from '../../worker/engine/fused.ts'
import { loadKernels } from '../../worker/engine/kernel/node.ts'
import { upscale } from '../../worker/engine/upscale.ts'
import type { Rgba } from '../../worker/image/plane.ts'
import { decodeNetwork } from '../../worker/model/network.ts'
import { renderScene } from '../fixtures/make.ts'
import { startOrigin } from '../support/origin.ts'
import { startWorker } from '../support/worker.ts'
import { setup } from '../support/build.ts'
import { compare, type Table } from './bench.ts'

const SCALE = 3
const SIDES = [256, 512]
const FORMATS = ['jpeg', 'png', 'webp'] as const

export async function benchRequest(): Promise<Table[]> {
  const scene = await renderScene('harbour')
  const tables: Table[] = []
  for (const side of SIDES) {
    const files = new Map<string, Buffer>()
    for (const format of FORMATS) files.set(format, await encoded(scene, side, format))
    tables.push(await benchStages(side, files), await benchWorkerd(side, files))
  }
  return tables
}

async function encoded(
  { width, height, data }: Rgba,
  side: number,
  format: (typeof FORMATS)[number],
) {
  const picture = sharp(data, { raw: { width, height, channels: 4 } }).removeAlpha()
  return picture.resize(side, side, { fit: 'fill' }).toFormat(format, { quality: 90 }).toBuffer()
}

/** Each stage alone, in Node. The network's share of `upscale` is what its engine takes. */
async function benchStages(side: number, files: ReadonlyMap<string, Buffer>): Promise<Table> {
  const codec = createCodec(await loadCodecModules())
  const engine = createFusedEngine((await loadKernels()).modules)
  const network = decodeNetwork(await readFile(`models/srcnn-x${SCALE}.onnx`))
  const idle: Engine = { name: 'idle', maxSide: engine.maxSide, run: async (_, input) => input }
  const jpeg = files.get('jpeg')!
  const small = await codec.decode(jpeg, readHeader(jpeg))
  const large = await upscale(small, SCALE, { engine, network })
  const title = `stages of a miss in Node, ${side}² -> ${SCALE * side}²`
  return compare(
    title,
    [
      { name: 'upscale', run: () => upscale(small, SCALE, { engine, network }) },
      {
        name: '  all but the network',
        run: () => upscale(small, SCALE, { engine: idle, network }),
      },
      ...FORMATS.map((format) => ({
        name: `decode ${format}`,
        run: () => codec.decode(files.get(format)!, readHeader(files.get(format)!)),
      })),
      ...FORMATS.map((format) => ({
        name: `encode ${format}`,
        run: () => codec.encode(large, { format, quality: 85 }),
      })),
    ],
    { rounds: 10, warmups: 2 },
  )
}

/** The whole request, from a loopback origin that lets nothing be kept. */
async function benchWorkerd(side: number, files: ReadonlyMap<string, Buffer>): Promise<Table> {
  setup()
  const origin = await startOrigin()
  const worker = await startWorker({ vars: { ORIGIN_URL: origin.url } })
  for (const [format, file] of files)
    origin.serve(`/${format}`, file, { 'cache-control': 'no-store' })
  origin.serve('/kept', files.get('jpeg')!, { 'cache-control': 'max-age=3600' })
  const get = async (path: string) => {
    const response = await worker.dispatchFetch(`http://site.test${path}`)
    await response.arrayBuffer()
  }
  try {
    return await compare(
      `requests to workerd, ${side}² -> ${SCALE * side}²`,
      [
        ...FORMATS.map((format) => ({
          name: `miss, ${format}`,
          run: () => get(`/${format}?sr=${SCALE}`),
        })),
        { name: 'miss, jpeg, bicubic', run: () => get(`/jpeg?sr=${SCALE}&sr-model=bicubic`) },
        { name: 'hit', run: () => get(`/kept?sr=${SCALE}`) },
        { name: 'no sr', run: () => get('/jpeg') },
      ],
      { rounds: 10, warmups: 2 },
    )
  } finally {
    await worker.dispose()
    await origin.close()
  }
}
