// Measures the peak memory of an isolate during some work, with a sample every few milliseconds. A WebAssembly memory
// counts until it is garbage-collected.
import type { Inspector, IsolateMemory } from './inspector.ts'
import { residentMemory } from './processes.ts'

const SAMPLE_EVERY_MS = 3

export interface Peak extends IsolateMemory {
  readonly isolate: number
  readonly process: number
}

export const NO_PEAK: Peak = { heap: 0, buffers: 0, wasm: 0, isolate: 0, process: 0 }

export async function peakDuring(inspector: Inspector, work: Promise<unknown>): Promise<Peak> {
  let peak = NO_PEAK
  const pause = () => new Promise<'working'>((resolve) => setTimeout(resolve, SAMPLE_EVERY_MS, 'working'))
  while ((await Promise.race([work, pause()])) === 'working') {
    const seen = await inspector.memory()
    const isolate = seen.heap + seen.buffers + seen.wasm
    const process = Math.max(peak.process, residentMemory())
    peak = isolate > peak.isolate ? { ...seen, isolate, process } : { ...peak, process }
  }
  return peak
}

/** Returns a line of text with the figures of a peak in MB. */
export function describePeak(name: string, peak: Peak): string {
  const parts = Object.entries(peak).map(([part, bytes]) => `${part} ${(bytes / 1e6).toFixed(1)}`)
  return `${name.padEnd(15)} ${parts.join(', ')}`
}
