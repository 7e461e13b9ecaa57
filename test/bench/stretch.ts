// How long others wait at most while one request is worked on: an isolate has one thread, and whoever
// computes on it without a pause keeps everybody else out, cache hits among them.

import { cpuMs } from './bench.ts'

export interface Stage {
  readonly name: string
  run(): Promise<unknown>
}

export interface Stretches {
  /** In ms; it may reach from one stage into the next. */
  readonly longest: number
  /** Where most of that is. */
  readonly stage: string
  /** The longest within each stage, in ms. */
  readonly byStage: readonly number[]
}

/**
 * Runs stages one after another, in Node, and notes every turn that somebody else had. Times are CPU time:
 * what a stretch takes where nobody else wants the processor.
 */
export async function stretchesOf(stages: readonly Stage[]): Promise<Stretches> {
  const turns = [cpuMs()]
  const ends = [turns[0]]
  let isDone = false
  const noteTurn = () => {
    turns.push(cpuMs())
    if (!isDone) setImmediate(noteTurn)
  }
  setImmediate(noteTurn)
  for (const { run } of stages) {
    await run()
    ends.push(cpuMs())
  }
  isDone = true
  turns.push(ends.at(-1)!)
  const stretches = turns.slice(1).map((end, i) => {
    const parts = stages.map((_, s) => Math.min(end, ends[s + 1]) - Math.max(turns[i], ends[s]))
    return { ms: end - turns[i], parts }
  })
  const longest = stretches.reduce((a, b) => (b.ms > a.ms ? b : a))
  const stage = stages[longest.parts.indexOf(Math.max(...longest.parts))].name
  const byStage = stages.map((_, s) => stretches.reduce((most, { parts }) => Math.max(most, parts[s]), 0))
  return { longest: longest.ms, stage, byStage }
}

export interface Wait {
  readonly ms: number
  /** When it began and ended, as parts of the work's whole time. */
  readonly from: number
  readonly to: number
}

/** The longest that `ping` took by `clock`, in ms, while `work` went on: one ping after another. */
export async function longestWait(
  ping: () => Promise<unknown>,
  work: () => Promise<unknown>,
  clock: () => number,
): Promise<Wait> {
  let wait = { begin: 0, end: 0 }
  const state = { isDone: false }
  const start = clock()
  const working = work().finally(() => (state.isDone = true))
  while (!state.isDone) {
    const begin = clock()
    await ping()
    const end = clock()
    if (end - begin > wait.end - wait.begin) wait = { begin, end }
  }
  await working
  const whole = clock() - start
  const part = (at: number) => Math.min(1, (at - start) / whole)
  return { ms: wait.end - wait.begin, from: part(wait.begin), to: part(wait.end) }
}
