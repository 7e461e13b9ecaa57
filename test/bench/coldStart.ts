// Measures how much longer the first run in a fresh isolate of workerd takes than the second run. The difference
// includes decoding and packing the weights, creating an instance of the kernel, and V8's first compilation of the
// functions that are called. The difference excludes starting workerd and loading the script, because the isolate has
// answered a request before the first run.
import type { Planes } from '../../worker/engine/engine.ts'
import type { WorkerModule } from '../support/worker/bundle.ts'
import { isolateMs, workerdMs } from '../support/measure/processes.ts'
import { median, type Table, tabulate, wallMs } from './compare.ts'
import { startEngines } from './enginesWorkerd.ts'

const ISOLATES = 9

const ENGINES = ['relaxed', 'ort']

/**
 * Functions that read a clock, by the clock's name. They return a time in ms. The CPU times are those of workerd's
 * `processes`. The CPU time of all threads includes V8's compilation on background threads, although a request does not
 * wait for these threads.
 */
const CLOCKS: Readonly<Record<string, (processes: number[]) => number>> = {
  "CPU time of the isolate's thread": isolateMs,
  'CPU time of all threads': workerdMs,
  'wall clock': wallMs,
}

interface Runs {
  readonly first: number
  readonly second: number
}

/**
 * Compares the engines' cold starts. Returns one table per clock. `name` is the model's name, which the titles of the
 * tables contain.
 */
export async function compareColdStarts(
  name: string,
  modules: readonly WorkerModule[],
  model: Uint8Array,
  input: Planes,
): Promise<Table[]> {
  const starts = ENGINES.map((): Runs[][] => [])
  for (let isolate = 0; isolate < ISOLATES; isolate++) {
    for (const [e, engine] of ENGINES.entries()) {
      starts[e].push(await runTwice(engine, () => startEngines(modules, model, input)))
    }
  }
  const size = `${input.width}x${input.height}`
  const what = `cold start of ${name} in workerd: a fresh isolate's first run of ${size} minus its second`
  return Object.keys(CLOCKS).map((clock, c) => {
    const times = starts.map((runs) => runs.map(({ [c]: { first, second } }) => first - second))
    const notes = ENGINES.map((engine, e) => {
      const middle = (run: keyof Runs) => median(starts[e].map((runs) => runs[c][run])).toFixed(1)
      return `${engine}: first run ${middle('first')} ms, second ${middle('second')} ms`
    })
    return tabulate(`${what}, ${clock}`, ENGINES, times, notes)
  })
}

/** Returns the times of the first and the second run in a fresh isolate, for each clock. */
async function runTwice(engine: string, start: () => ReturnType<typeof startEngines>) {
  const { get, processes, dispose } = await start()
  const timed = async () => {
    const begins = Object.values(CLOCKS).map((read) => read(processes))
    await get(`engine=${engine}`)
    return Object.values(CLOCKS).map((read, c) => read(processes) - begins[c])
  }
  try {
    await get('')
    const first = await timed()
    const second = await timed()
    return first.map((ms, c): Runs => ({ first: ms, second: second[c] }))
  } finally {
    await dispose()
  }
}
