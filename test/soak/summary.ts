// The results of a soak, as text and as JSON, and whether each goal was reached.
import { describeTable } from '../bench/compare.ts'
import type { Peak } from '../support/measure/peak.ts'
import { lengthOf } from '../support/measure/threadWaits.ts'
import type { Latencies } from './latency.ts'
import { inMB, type SoakResult } from './soak.ts'

/** Largest allowed growth of an isolate's memory from start to end, without codecs' memories, in bytes. */
const MAX_GROWTH_BYTES = 10e6
/**
 * Highest allowed 99th percentile of the times of hits during misses. The time for which codecs and networks block the
 * hits does not count.
 */
const MAX_P99_MS = 100
/** Least number of different pictures that must be enlarged, as a share of all requests. */
const MIN_DISTINCT_MISSES = 0.02
/** Least ratio of the worker's hits per second to those of a bare Hono app. */
const TARGET_RATIO = 0.8

interface Goal {
  readonly name: string
  readonly found: string
  readonly isReached: boolean
  /** If true, the soak passes even if this goal is not reached. */
  readonly isAim?: boolean
}

export interface SoakRun {
  readonly requests: number
  readonly seed: number
  readonly machine: string
}

export function summarize(result: SoakResult, run: SoakRun) {
  const { outcomes, problems, distinctMisses, start, end, peak, burst, hitMs, alone, beside, throughput } = result
  const errors = [...problems.values()].reduce((sum, { count }) => sum + count, 0)
  const ratio = throughput[0]?.rows.at(-1)?.speed
  const cpuRatio = throughput[1]?.rows.at(-1)?.speed
  const besideMs = beside && quantiles(beside.unblockedMs)

  // Codecs keep memories as large as the largest pictures need, with a limit of their own (worker/codec/instance.ts).
  const growth = end.heap + end.buffers - (start.heap + start.buffers)

  const goals: Goal[] = [
    { name: 'no errors', found: `${errors}`, isReached: errors === 0 },
    {
      name: `distinct misses, at least ${Math.round(MIN_DISTINCT_MISSES * run.requests)}`,
      found: `${distinctMisses}`,
      isReached: distinctMisses >= MIN_DISTINCT_MISSES * run.requests,
    },
    {
      name: `heap and buffers grow by at most ${inMB(MAX_GROWTH_BYTES)} MB`,
      found: `${inMB(growth)} MB`,
      isReached: growth <= MAX_GROWTH_BYTES,
    },
    ...(besideMs
      ? [
          {
            name: `p99 of hits during misses, without blocks by codecs and networks, at most ${MAX_P99_MS} ms`,
            found: `${besideMs.p99.toFixed(0)} ms`,
            isReached: besideMs.p99 <= MAX_P99_MS,
          },
        ]
      : []),
    ...(ratio === undefined
      ? []
      : [
          {
            name: `hits/s, at least ${TARGET_RATIO} of a bare Hono app's`,
            found: `${ratio.toFixed(2)}, ${cpuRatio?.toFixed(2)} by CPU time of the thread`,
            isReached: ratio >= TARGET_RATIO,
            isAim: true,
          },
        ]),
  ]

  const lines = [
    `${run.requests} requests, ${result.minutes.toFixed(1)} min in all, seed ${run.seed}; ${run.machine}`,
    '',
    'Responses by kind of request',
    ...Array.from(outcomes, ([kind, counts]) => `  ${kind.padEnd(9)} ${describeCounts(counts)}`),
    `  the burst: ${burst.done} enlarged, ${burst.busy} originals (BUSY), in ${(burst.ms / 1000).toFixed(1)} s`,
    '',
    'Errors',
    ...Array.from(problems, ([kind, { count, examples }]) => [
      `  ${kind}: ${count}`,
      ...examples.map((one) => `    ${one}`),
    ]).flat(),
    ...(errors === 0 ? ['  none'] : []),
    '',
    'Memory in MB of the isolate and of the workerd process; start and end after garbage collection',
    `  start  ${describeMemory(start)}`,
    `  end    ${describeMemory(end)}`,
    `  peak   ${describeMemory(peak)}`,
    '',
    'Hits in ms',
    ...(alone
      ? [
          `  alone                    ${describeTimes(alone.hitMs)}`,
          `    thread blocked           ${describeBlocks(alone)}`,
        ]
      : []),
    ...(beside
      ? [
          `  during ${String(beside.misses).padEnd(6)} misses     ${describeTimes(beside.hitMs)}`,
          `    thread blocked           ${describeBlocks(beside)}`,
          `    without the blocks     ${describeTimes(beside.unblockedMs)}`,
        ]
      : []),
    `  in the mix, 16 visitors  ${describeTimes(hitMs)}`,
    `  during the burst         ${describeTimes(burst.hitMs)}`,
    '',
    ...throughput.map((table) => `${describeTable(table)}\n`),
    ...goals.map(({ name, found, isReached, isAim }) => {
      const verdict = isAim ? 'BELOW ' : 'MISSED'
      return `${isReached ? 'ok    ' : verdict} ${name}: ${found}`
    }),
  ]
  const figures = {
    ...run,
    minutes: result.minutes,
    outcomes: Object.fromEntries(Array.from(outcomes, ([kind, counts]) => [kind, Object.fromEntries(counts)])),
    problems: Object.fromEntries(problems),
    distinctMisses,
    burst: { ...burst, hitMs: quantiles(burst.hitMs) },
    memory: { start, end, peak },
    hitMs: {
      alone: alone && quantiles(alone.hitMs),
      beside: beside && quantiles(beside.hitMs),
      besideOutside: besideMs,
      longestHeld: { alone: alone && lengthsOf(alone), beside: beside && lengthsOf(beside) },
      ownMs: { alone: alone?.ownDelayMs, beside: beside?.ownDelayMs },
      mix: quantiles(hitMs),
    },
    throughput,
    bars: goals,
  }
  const isPassed = goals.every(({ isReached, isAim }) => isReached || isAim === true)
  return { text: lines.join('\n'), isPassed, figures }
}

interface Quantiles {
  readonly count: number
  readonly p50: number
  readonly p99: number
  readonly max: number
}

function quantiles(values: readonly number[]): Quantiles {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (part: number) => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? 0
  return { count: sorted.length, p50: at(0.5), p99: at(0.99), max: at(1) }
}

function describeTimes(values: readonly number[]): string {
  const { count, p50, p99, max } = quantiles(values)
  return `p50 ${p50.toFixed(1)}, p99 ${p99.toFixed(1)}, longest ${max.toFixed(0)} (${count} hits)`
}

function lengthsOf({ longestBlock: { wall, cpu } }: Latencies) {
  return { ms: lengthOf(wall), cpuMs: lengthOf(cpu) }
}

function describeBlocks(latencies: Latencies): string {
  const { ms, cpuMs } = lengthsOf(latencies)
  const longest = `at most ${ms.toFixed(0)} ms, ${cpuMs.toFixed(0)} of CPU`
  return `${longest}; the client process itself ${latencies.ownDelayMs.toFixed(0)} ms`
}

function describeCounts(counts: ReadonlyMap<string, number>): string {
  return Array.from(counts, ([outcome, count]) => `${outcome} ${count}`).join(', ')
}

function describeMemory({ heap, buffers, wasm, isolate, process }: Peak): string {
  const parts = `heap ${inMB(heap)}, buffers ${inMB(buffers)}, WebAssembly ${inMB(wasm)}`
  return `isolate ${inMB(isolate)} (${parts}), process ${inMB(process)}`
}
