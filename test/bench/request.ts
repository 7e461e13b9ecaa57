// `npm run bench -- request` measures misses: stage by stage in Node, as whole requests to workerd, and compared with a
// simple worker (stockWorker.ts). It also measures how long other requests wait during a miss.
import sharp from 'sharp'
import { ENCODE_FORMATS as FORMATS, type EncodeFormat } from '../../worker/codec/contract.ts'
import type { Rgba } from '../../worker/image/plane.ts'
import { renderScene } from '../fixtures/make.ts'
import { setup } from '../support/worker/build.ts'
import { startOrigin } from '../support/servers/origin.ts'
import { withProcesses, workerdMs } from '../support/measure/processes.ts'
import { lengthOf, longestWait, waitsDuring } from '../support/measure/threadWaits.ts'
import { startWorker } from '../support/worker/worker.ts'
import { compareWithStock } from './compareStock.ts'
import { compare, median, type Table } from './compare.ts'
import { benchStages, type EncodedFiles } from './requestStages.ts'

const SCALE = 3
const SIDES = [256, 512]

export async function benchRequest({ rounds = 10 } = {}): Promise<Table[]> {
  await setup()
  const scene = await renderScene('harbour')
  const tables: Table[] = []
  for (const side of SIDES) {
    const files: EncodedFiles = {
      jpeg: await encoded(scene, side, 'jpeg'),
      png: await encoded(scene, side, 'png'),
      webp: await encoded(scene, side, 'webp'),
    }
    tables.push(
      ...(await benchStages(side, files, rounds)),
      ...(await benchWorkerd(side, files, rounds)),
      ...(await compareWithStock(side, files.jpeg, rounds)),
    )
  }
  return tables
}

async function encoded({ width, height, data }: Rgba, side: number, format: EncodeFormat) {
  const picture = sharp(data, { raw: { width, height, channels: 4 } }).removeAlpha()
  return picture.resize(side, side, { fit: 'fill' }).toFormat(format, { quality: 90 }).toBuffer()
}

/** Measures whole requests to workerd: misses, a hit, and a request without sr. The origin runs on loopback. */
async function benchWorkerd(side: number, files: EncodedFiles, rounds: number): Promise<Table[]> {
  const origin = await startOrigin()
  const vars = { ORIGIN_URL: origin.url }
  const [worker, processes] = await withProcesses(() => startWorker({ vars }))
  for (const format of FORMATS) origin.serve(`/${format}`, files[format], { 'cache-control': 'no-store' })
  origin.serve('/kept', files.jpeg, { 'cache-control': 'max-age=3600' })
  const get = async (path: string) => {
    const response = await worker.dispatchFetch(`http://site.test${path}`)
    await response.arrayBuffer()
  }
  const misses = [
    ...FORMATS.map((format) => ({
      name: `miss, ${format}`,
      run: () => get(`/${format}?sr=${SCALE}`),
    })),
    { name: 'miss, jpeg, bicubic', run: () => get(`/jpeg?sr=${SCALE}&sr-model=bicubic`) },
  ]
  const size = `${side}² -> ${SCALE * side}²`
  try {
    const times = await compare(
      `requests to workerd, ${size}`,
      [...misses, { name: 'hit', run: () => get(`/kept?sr=${SCALE}`) }, { name: 'no sr', run: () => get('/jpeg') }],
      { rounds, warmups: 2 },
    )
    const ping = () => get('/_sr/health')
    const clock = () => workerdMs(processes)
    const notes: string[] = []
    for (const { name, run } of misses) notes.push(`${name}: ${await describeWaits(ping, run, clock, rounds)}`)
    const what = 'longest wait for the health page during a miss in workerd'
    const title = `${what}, CPU time of workerd's process in ms, ${size}, medians`
    return [times, { title, rounds, rows: [], notes }]
  } finally {
    await worker.dispose()
    await origin.close()
  }
}

/** The longest time for which a request for the health page waited during a miss. */
interface LongestWait {
  /** Length of the wait in ms of CPU time of workerd. */
  readonly ms: number
  /** When the wait began and ended, as fractions of the whole miss. */
  readonly from: number
  readonly to: number
}

async function longestPing(
  ping: () => Promise<void>,
  miss: () => Promise<void>,
  clock: () => number,
): Promise<LongestWait> {
  const { waits, whole } = await waitsDuring(miss, { turn: ping, cpuMs: clock })
  const { cpu } = longestWait(waits, 'cpu')
  const fraction = (at: number) => Math.min(1, (at - whole.cpu.from) / lengthOf(whole.cpu))
  return { ms: lengthOf(cpu), from: fraction(cpu.from), to: fraction(cpu.to) }
}

async function describeWaits(
  ping: () => Promise<void>,
  miss: () => Promise<void>,
  clock: () => number,
  rounds: number,
): Promise<string> {
  const during: LongestWait[] = []
  const alone: number[] = []
  for (let round = 0; round < rounds; round++) {
    const start = clock()
    await ping()
    alone.push(clock() - start)
    during.push(await longestPing(ping, miss, clock))
  }
  const percent = (fractions: number[]) => (100 * median(fractions)).toFixed(0)
  const when = `from ${percent(during.map(({ from }) => from))} to ${percent(during.map(({ to }) => to))} % of the miss`
  const waits = during.map(({ ms }) => ms)
  const least = Math.min(...waits).toFixed(0)
  return `${median(waits).toFixed(0)}, ${when}; at least ${least}; without a miss ${median(alone).toFixed(0)}`
}
