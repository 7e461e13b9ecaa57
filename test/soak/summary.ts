// What a soak found, for a terminal and for machines, and whether each bar was reached.
import { format } from '../bench/bench.ts'
import type { Peak } from '../support/measure/peak.ts'
import type { Latencies } from './latency.ts'
import { inMB, type Soaked } from './soak.ts'

/** How much more an isolate may hold at the end than at the start, in bytes. */
const MAX_GROWTH = 10e6
/** Of hits while misses run, without what codecs and networks hold the thread for. */
const MAX_P99_MS = 100
const MIN_DISTINCT_MISSES = 0.02
const AIMED_RATIO = 0.8

interface Bar {
  readonly name: string
  readonly found: string
  readonly isReached: boolean
  /** One that is only aimed at fails nothing. */
  readonly isAim?: boolean
}

export interface About {
  readonly requests: number
  readonly seed: number
  readonly machine: string
}

export function summarize(soaked: Soaked, about: About) {
  const { outcomes, problems, distinctMisses, start, end, peak, burst, hitMs, alone, beside, throughput } = soaked
  const errors = [...problems.values()].reduce((sum, { count }) => sum + count, 0)
  const ratio = throughput[0]?.rows.at(-1)?.speed
  const cpuRatio = throughput[1]?.rows.at(-1)?.speed
  const besideMs = beside && quantiles(beside.outside)

  const bars: Bar[] = [
    { name: 'no errors', found: `${errors}`, isReached: errors === 0 },
    {
      name: `distinct misses, at least ${Math.round(MIN_DISTINCT_MISSES * about.requests)}`,
      found: `${distinctMisses}`,
      isReached: distinctMisses >= MIN_DISTINCT_MISSES * about.requests,
    },
    {
      name: `an isolate grows by at most ${inMB(MAX_GROWTH)} MB`,
      found: `${inMB(end.isolate - start.isolate)} MB`,
      isReached: end.isolate - start.isolate <= MAX_GROWTH,
    },
    ...(besideMs
      ? [
          {
            name: `p99 of hits beside misses, outside codecs and networks, at most ${MAX_P99_MS} ms`,
            found: `${besideMs.p99.toFixed(0)} ms`,
            isReached: besideMs.p99 <= MAX_P99_MS,
          },
        ]
      : []),
    ...(ratio === undefined
      ? []
      : [
          {
            name: `hits/s, at least ${AIMED_RATIO} of a bare Hono app's`,
            found: `${ratio.toFixed(2)}, ${cpuRatio?.toFixed(2)} by time of the thread`,
            isReached: ratio >= AIMED_RATIO,
            isAim: true,
          },
        ]),
  ]

  const lines = [
    `${about.requests} requests and what lies around them in ${soaked.minutes.toFixed(1)} min, seed ${about.seed}; ${about.machine}`,
    '',
    'What came of them',
    ...Array.from(outcomes, ([kind, counts]) => `  ${kind.padEnd(9)} ${describeCounts(counts)}`),
    `  the burst: ${burst.done} made, ${burst.busy} as they were, after ${(burst.ms / 1000).toFixed(1)} s`,
    '',
    'Errors',
    ...Array.from(problems, ([kind, { count, examples }]) => [
      `  ${kind}: ${count}`,
      ...examples.map((one) => `    ${one}`),
    ]).flat(),
    ...(errors === 0 ? ['  none'] : []),
    '',
    'Memory in MB, an isolate and the process of workerd, garbage collected but for the peak',
    `  start  ${describeMemory(start)}`,
    `  end    ${describeMemory(end)}`,
    `  peak   ${describeMemory(peak)}`,
    '',
    'Hits in ms',
    ...(alone
      ? [
          `  alone                    ${describeTimes(alone.hits)}`,
          `    the thread was held      ${describeHeld(alone)}`,
        ]
      : []),
    ...(beside
      ? [
          `  beside ${String(beside.misses).padEnd(6)} misses     ${describeTimes(beside.hits)}`,
          `    the thread was held      ${describeHeld(beside)}`,
          `    outside what held it   ${describeTimes(beside.outside)}`,
        ]
      : []),
    `  in the mix, 16 visitors  ${describeTimes(hitMs)}`,
    `  while the burst lasted   ${describeTimes(burst.hitMs)}`,
    '',
    ...throughput.map((table) => `${format(table)}\n`),
    ...bars.map(
      ({ name, found, isReached, isAim }) => `${isReached ? 'ok    ' : isAim ? 'BELOW ' : 'MISSED'} ${name}: ${found}`,
    ),
  ]
  const figures = {
    ...about,
    minutes: soaked.minutes,
    outcomes: Object.fromEntries(Array.from(outcomes, ([kind, counts]) => [kind, Object.fromEntries(counts)])),
    problems: Object.fromEntries(problems),
    distinctMisses,
    burst: { ...burst, hitMs: quantiles(burst.hitMs) },
    memory: { start, end, peak },
    hitMs: {
      alone: alone && quantiles(alone.hits),
      beside: beside && quantiles(beside.hits),
      besideOutside: besideMs,
      longestHeld: { alone: alone?.held.longest, beside: beside?.held.longest },
      ownMs: { alone: alone?.ownMs, beside: beside?.ownMs },
      mix: quantiles(hitMs),
    },
    throughput,
    bars,
  }
  const isWell = bars.every(({ isReached, isAim }) => isReached || isAim === true)
  return { text: lines.join('\n'), isWell, figures }
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
  return `p50 ${p50.toFixed(1)}, p99 ${p99.toFixed(1)}, longest ${max.toFixed(0)} (${count} of them)`
}

function describeHeld({ held: { longest }, ownMs }: Latencies): string {
  return `at most ${longest.ms.toFixed(0)} ms, ${longest.cpuMs.toFixed(0)} of CPU; the visitors' own process ${ownMs.toFixed(0)} ms`
}

function describeCounts(counts: ReadonlyMap<string, number>): string {
  return Array.from(counts, ([outcome, count]) => `${outcome} ${count}`).join(', ')
}

function describeMemory({ heap, buffers, wasm, isolate, process }: Peak): string {
  return `isolate ${inMB(isolate)} (heap ${inMB(heap)}, buffers ${inMB(buffers)}, WebAssembly ${inMB(wasm)}), process ${inMB(process)}`
}
