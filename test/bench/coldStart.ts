// What a fresh isolate's first run in workerd costs beyond its second. In that is: decoding and packing
// the weights, an instance of the kernel, V8's first compilation of the functions that are called. The
// isolate has answered requests before, so starting workerd and loading the script are not in it.
import type { Planes } from '../../worker/engine/engine.ts'
import type { WorkerModule } from '../support/worker/bundle.ts'
import { isolateMs, workerdMs } from '../support/measure/processes.ts'
import { median, type Table, tabulate, wallMs } from './bench.ts'
import { startEngines } from './enginesWorkerd.ts'

const ISOLATES = 9

const ENGINES = ['relaxed', 'ort']

/** In ms, of these processes. V8 also compiles on threads of its own, for whose result nobody waits. */
const CLOCKS: Readonly<Record<string, (processes: number[]) => number>> = {
  "CPU time of the isolate's thread": isolateMs,
  'CPU time of all threads': workerdMs,
  'wall clock': wallMs,
}

interface Runs {
  readonly first: number
  readonly second: number
}

/** A table a clock. `name` is the model's. */
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
  const what = `cold start of ${name} in workerd: a fresh isolate's first run of ${input.width}x${input.height} less its second`
  return Object.keys(CLOCKS).map((clock, c) => {
    const times = starts.map((runs) => runs.map(({ [c]: { first, second } }) => first - second))
    const notes = ENGINES.map((engine, e) => {
      const middle = (run: keyof Runs) => median(starts[e].map((runs) => runs[c][run])).toFixed(1)
      return `${engine}: first run ${middle('first')} ms, second ${middle('second')} ms`
    })
    return tabulate(`${what}, ${clock}`, ENGINES, times, notes)
  })
}

/** By every clock. */
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
