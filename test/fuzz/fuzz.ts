// The fuzzer: inputs that are a pure function of a seed, a target's name and the number of an execution, and
// properties that must ensure for each of them. One execution can be repeated alone.
import { createRandom, type Random } from '../../worker/image/prng.ts'

/** What is tested. */
export interface FuzzTarget<Input = unknown> {
  readonly name: string
  readonly about: string
  /** How many executions it gets, relative to the others. */
  readonly share: number
  /** For the command alone: too slow for a test, or compared with a library that differs by platform. */
  readonly isCommandOnly?: boolean
  make(random: Random): Input
  /** Throws where a property does not ensure. Tells whether the input was taken, not refused: a fuzzer whose inputs are all refused tests little. */
  check(input: Input): boolean | Promise<boolean>
  /** The part of an input that a person wants to look at; default: the input. */
  fileOf?(input: Input): Uint8Array | string
}

/** Infers the type of a target's inputs, which nobody else needs to know. */
export function defineTarget<Input>(target: FuzzTarget<Input>): FuzzTarget {
  return target
}

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
  /** Inputs that were taken, not refused. */
  readonly taken: number
  readonly ms: number
  readonly finding?: Finding
}

export interface FuzzOptions {
  readonly seed: number
  readonly executions: number
  /** The number of the first execution. Default 0. */
  readonly first?: number
  /** A longer execution is a finding, unless it was short when repeated. Default: no limit. */
  readonly maxMs?: number
  /** Before each execution. */
  readonly onExecution?: (execution: number) => void
}

/** Executes a target until a property does not ensure. */
export async function fuzz(
  target: FuzzTarget,
  { seed, executions, first = 0, maxMs = Infinity, onExecution }: FuzzOptions,
): Promise<FuzzResult> {
  const { name } = target
  const start = performance.now()
  let taken = 0
  for (let execution = first; execution < first + executions; execution++) {
    onExecution?.(execution)
    const input = target.make(randomOf(seed, name, execution))
    try {
      if (await isTakenWithin(maxMs, target, input)) taken++
    } catch (cause) {
      const error = cause instanceof Error ? cause : new Error(String(cause))
      const file = target.fileOf ? target.fileOf(input) : textOf(input)
      const finding = { target: name, seed, execution, error, file }
      return { target: name, executions: execution - first + 1, taken, ms: performance.now() - start, finding }
    }
  }
  return { target: name, executions, taken, ms: performance.now() - start }
}

/** How `executions` are shared out: every target has one at least. */
export function shareOut(targets: readonly FuzzTarget[], executions: number): number[] {
  const whole = targets.reduce((sum, { share }) => sum + share, 0)
  return targets.map(({ share }) => Math.max(1, Math.ceil((executions * share) / whole)))
}

/** Fails the execution that is being checked. */
export function ensure(isTrue: boolean, property: string | (() => string)): void {
  if (!isTrue) throw new Error(typeof property === 'string' ? property : property())
}

const MAX_TRIES = 3

/** A pause of the machine, or of the garbage collector, is no finding: only what takes long three times is. */
async function isTakenWithin(maxMs: number, target: FuzzTarget, input: unknown): Promise<boolean> {
  for (let tries = 1; ; tries++) {
    const start = performance.now()
    const result = target.check(input)
    const isTaken = typeof result === 'boolean' ? result : await result
    const ms = performance.now() - start
    if (ms <= maxMs) return isTaken
    if (tries === MAX_TRIES) throw new Error(`took ${ms.toFixed(0)} ms, expected at most ${maxMs}`)
  }
}

/** Two executions of a target never have equal generators: each step below is a bijection. */
function randomOf(seed: number, name: string, execution: number): Random {
  let hash = seed | 0
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193) // FNV-1a's
  hash = Math.imul(hash ^ execution, 0x9e3779b1)
  return createRandom(hash ^ (hash >>> 15))
}

function textOf(input: unknown): Uint8Array | string {
  if (typeof input === 'string' || input instanceof Uint8Array) return input
  return JSON.stringify(input, (_, value: unknown) =>
    value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value,
  )
}
