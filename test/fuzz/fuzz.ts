// The fuzzer. It makes random inputs and checks a property for each of them. An input depends only on the seed, the
// name of the target and the number of the execution, so that one execution can be repeated alone.
import { cpuMs } from '../bench/compare.ts'
import { createRandom, type Random } from '../../worker/image/prng.ts'

/** A tested function, with its random inputs and the property that must hold for each input. */
export interface FuzzTarget<Input = unknown> {
  readonly name: string
  readonly about: string
  /** The target's share of all executions, relative to the shares of the other targets. */
  readonly share: number
  /**
   * True if the target runs only in `npm run fuzz`, because it is too slow for a test, or because it compares with a
   * library whose results differ between platforms.
   */
  readonly isCommandOnly?: boolean
  make(random: Random): Input
  /**
   * Throws if the property does not hold. Returns whether the tested function accepted the input. A target whose inputs
   * are all refused tests little.
   */
  check(input: Input): boolean | Promise<boolean>
  /** Returns the part of an input that is saved with a finding. Default: the whole input. */
  fileOf?(input: Input): Uint8Array | string
}

/**
 * Lets TypeScript check a target with its own type of inputs. The returned type omits the type of inputs, so that all
 * targets fit into one list.
 */
export function defineTarget<Input>(target: FuzzTarget<Input>): FuzzTarget {
  return target
}

/** An execution in which the property did not hold. */
export interface Finding {
  readonly target: string
  readonly seed: number
  readonly execution: number
  readonly error: Error
  readonly file: Uint8Array | string
}

export interface FuzzResult {
  readonly target: string
  readonly executions: number
  /** Number of inputs that the tested function accepted. */
  readonly accepted: number
  readonly ms: number
  readonly finding?: Finding
}

export interface FuzzOptions {
  readonly seed: number
  readonly executions: number
  /** The number of the first execution. Default 0. */
  readonly first?: number
  /**
   * Longest CPU time in ms that an execution may take. An execution is a finding if it takes longer, also when it is
   * repeated. Default: no limit.
   */
  readonly maxMs?: number
  /** Called before each execution. */
  readonly onExecution?: (execution: number) => void
}

/** Executes a target until its property does not hold, or `executions` times. */
export async function fuzz(
  target: FuzzTarget,
  { seed, executions, first = 0, maxMs = Infinity, onExecution }: FuzzOptions,
): Promise<FuzzResult> {
  const { name } = target
  const start = performance.now()
  let accepted = 0
  for (let execution = first; execution < first + executions; execution++) {
    onExecution?.(execution)
    const input = target.make(randomOf(seed, name, execution))
    try {
      if (await isAcceptedWithin(maxMs, target, input)) accepted++
    } catch (cause) {
      const error = cause instanceof Error ? cause : new Error(String(cause))
      const file = target.fileOf ? target.fileOf(input) : textOf(input)
      const finding = { target: name, seed, execution, error, file }
      return { target: name, executions: execution - first + 1, accepted, ms: performance.now() - start, finding }
    }
  }
  return { target: name, executions, accepted, ms: performance.now() - start }
}

/** Divides `executions` among the targets by their shares. Each target gets at least one. */
export function shareOut(targets: readonly FuzzTarget[], executions: number): number[] {
  const whole = targets.reduce((sum, { share }) => sum + share, 0)
  return targets.map(({ share }) => Math.max(1, Math.ceil((executions * share) / whole)))
}

/** Throws if `isTrue` is false, which fails the current execution. `failure` says what is wrong. */
export function ensure(isTrue: boolean, failure: string | (() => string)): void {
  if (!isTrue) throw new Error(typeof failure === 'string' ? failure : failure())
}

/** The fixed time that all tested functions use as the current time, in ms since 1970. */
export const NOW_MS = Date.parse('2026-01-01T00:00:00Z')

const MAX_TRIES = 3

/**
 * Checks an input, and returns whether it was accepted. Throws only if the check takes too long MAX_TRIES times in a
 * row. A single slow check may be due to a garbage collection.
 */
async function isAcceptedWithin(maxMs: number, target: FuzzTarget, input: unknown): Promise<boolean> {
  for (let tries = 1; ; tries++) {
    const start = cpuMs()
    const result = target.check(input)
    const isAccepted = typeof result === 'boolean' ? result : await result
    const ms = cpuMs() - start
    if (ms <= maxMs) return isAccepted
    if (tries === MAX_TRIES) throw new Error(`took ${ms.toFixed(0)} ms of CPU time, expected at most ${maxMs}`)
  }
}

/**
 * Returns the random generator of an execution. Two executions of one target never get the same seed, because each step
 * that computes `hash` maps different numbers to different numbers.
 */
function randomOf(seed: number, name: string, execution: number): Random {
  let hash = seed | 0
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193) // FNV-1a
  hash = Math.imul(hash ^ execution, 0x9e3779b1)
  return createRandom(hash ^ (hash >>> 15))
}

function textOf(input: unknown): Uint8Array | string {
  if (typeof input === 'string' || input instanceof Uint8Array) return input
  return JSON.stringify(input, (_, value: unknown) =>
    value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value,
  )
}
