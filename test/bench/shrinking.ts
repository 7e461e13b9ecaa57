// Compares the kernel that shrinks pictures with its oracle in TypeScript, in Node and in workerd. Rows go in in bands
// of 16 and are collected. Times are CPU times.
import { join } from 'node:path'
import { Miniflare } from 'miniflare'
import { buildPixelKernel } from '../../worker/build/kernels.ts'
import { createVectorShrinker } from '../../worker/engine/vectorShrinker.ts'
import { collectRows } from '../../worker/image/rows.ts'
import { plainShrinker } from '../../worker/image/shrink.ts'
import { compileShrinkKernel } from '../../worker/platform/nodeFiles.ts'
import { bundleWorker } from '../support/worker/bundle.ts'
import { withProcesses, workerdMs } from '../support/measure/processes.ts'
import { compare, cpuMs, type Table } from './compare.ts'
import { bandsOf, noise } from './shrinkPicture.ts'

type Size = readonly [width: number, height: number]

/** A photograph of 12 megapixels that is decoded at half its size, and a frame of 4K video. */
const CASES: readonly { readonly from: Size; readonly to: Size }[] = [
  { from: [2000, 1500], to: [1280, 960] },
  { from: [3840, 2160], to: [1280, 720] },
]
const ROUNDS = { rounds: 10, warmups: 2 }

export async function benchShrinking(): Promise<Table[]> {
  const kernel = createVectorShrinker(compileShrinkKernel())
  const shrinkers = { oracle: plainShrinker, kernel }
  const tables: Table[] = []
  for (const { from, to } of CASES) {
    const picture = noise(...from)
    const contenders = Object.entries(shrinkers).map(([name, shrinker]) => ({
      name: `shrinking, the ${name}`,
      run: () => collectRows(shrinker.shrink(bandsOf(picture), ...to)),
    }))
    const size = `shrink ${from.join('x')} -> ${to.join('x')}, CPU time`
    tables.push(await compare(`${size} in Node`, contenders, { ...ROUNDS, clock: cpuMs }))
    tables.push(await compareInWorkerd(`${size} of workerd's process`, from.join('x'), to.join('x')))
  }
  return tables
}

async function compareInWorkerd(title: string, from: string, to: string): Promise<Table> {
  await buildPixelKernel('shrink') // writes to dist/, from where the worker imports
  const modules = await bundleWorker(join(import.meta.dirname, 'shrinkWorker.ts'))
  const [worker, processes] = await withProcesses(async () => {
    const fresh = new Miniflare({ compatibilityDate: '2026-04-01', modules, cf: false })
    await fresh.ready
    return fresh
  })
  const get = async (query: string) => {
    const response = await worker.dispatchFetch(`http://bench.test/?size=${from}&to=${to}&${query}`)
    const text = await response.text()
    if (!response.ok) throw new Error(`workerd: ${text}`)
  }
  try {
    await get('')
    const contenders = ['oracle', 'kernel'].map((name) => ({
      name: `shrinking, the ${name}`,
      run: () => get(`by=${name}`),
    }))
    return await compare(title, contenders, { ...ROUNDS, clock: () => workerdMs(processes) })
  } finally {
    await worker.dispose()
  }
}
