// Makes all pictures of a run, several at a time. Each outcome is done, exists, skipped or failed.
import { open, stat } from 'node:fs/promises'
import path from 'node:path'
import { labelOf } from '../../picture/models.ts'
import { FAILURE_REASONS, Skip, SKIP_REASONS, type SkipReason } from '../../picture/skip.ts'
import { sniff } from '../../codec/header/sniff.ts'
import { MAX_OUTPUT_SIDE } from '../../platform/limits.ts'
import { describeError } from '../../terminal/arguments.ts'
import { describeFileError, type Input } from './inputs.ts'
import type { Maker, MakerOptions } from './maker.ts'
import { createMemory, type Memory } from './memory.ts'
import { outputOf, type OutputTarget, STDOUT } from './outputs.ts'
import { readInput } from './readInput.ts'
import type { Thread } from './threads.ts'
import type { Size } from '../../picture/wish.ts'
import { writeWhole } from '../../terminal/wholeFile.ts'

export type UpscaleOutcome = { readonly input: string; readonly seconds: number } & Result

type Result =
  | {
      readonly outcome: 'done'
      readonly output: string
      readonly scale: number
      readonly width: number
      readonly height: number
      /** The model as X-SR names it, like `fast@a7c275b7` or `bicubic`. */
      readonly model: string
      /** What was asked for, if the result is smaller, because it is the largest that is possible. */
      readonly asked?: Size | undefined
    }
  | { readonly outcome: 'exists'; readonly output: string }
  | {
      readonly outcome: 'skipped'
      readonly reason: SkipReason
      readonly message: string
      /** Path of the copy, if the picture was copied. */
      readonly output?: string
    }
  | { readonly outcome: 'failed'; readonly message: string; readonly output?: string }

export interface UpscaleRun {
  readonly target: OutputTarget
  readonly makerOptions: MakerOptions
  /** Overwrite existing outputs. */
  readonly force: boolean
  /** If a picture is left out, copy it to the path of its result. */
  readonly copySkipped: boolean
  /** Decides which result to make of a picture. The threads have makers of their own, which decide the same. */
  readonly maker: Maker
  /** The threads that make the pictures. Each makes one picture at a time. */
  readonly threads: readonly Thread[]
  /** After the signal is aborted, no further picture is started, and pictures in progress end without an outcome. */
  readonly signal: AbortSignal
}

/**
 * Makes all pictures. `tell` receives the outcome of each picture as soon as it is finished. `tellPart` receives how many
 * pictures' worth of the pictures in progress is made.
 */
export async function upscaleAll(
  inputs: readonly Input[],
  run: UpscaleRun,
  tell: (outcome: UpscaleOutcome) => void,
  tellPart: (pictures: number) => void = () => {},
): Promise<void> {
  const names = createNames(inputs, run)
  const queue = await named(inputs, run, names, tell)
  const memory = createMemory()
  const shares = new Map<Job, number>()
  const work = async (thread: Thread) => {
    for (let job = queue.shift(); job && !run.signal.aborted; job = queue.shift()) {
      const current = job
      const start = performance.now()
      const result = await resultOf(current, run, names, thread, memory, (share) => {
        shares.set(current, share)
        tellPart([...shares.values()].reduce((sum, one) => sum + one, 0))
      })
      shares.delete(current)
      const seconds = (performance.now() - start) / 1000
      const isLost = run.signal.aborted && result.outcome === 'failed'
      if (!isLost) tell({ input: job.input.file, ...result, seconds: Math.round(1000 * seconds) / 1000 })
    }
  }
  await Promise.all(run.threads.map(work))
}

interface Job {
  readonly input: Input
  /** Path of the result. Undefined for a URL and stdin, whose type is known when they are read. */
  readonly output?: string
}

/** Names results, and finds those that would have the same file. */
interface Names {
  /** Returns the path of the result of an input that begins with the bytes `start`. Throws an Error if it is taken. */
  take(input: Input, start: Uint8Array): string
}

/** Thrown if a result cannot have its file, because another picture has it. */
class TakenError extends Error {
  readonly output: string

  constructor(output: string, holder: string) {
    super(`its result would be ${output}, which is ${holder}`)
    this.output = output
  }
}

function createNames(inputs: readonly Input[], { target, makerOptions }: UpscaleRun): Names {
  const { size, format } = makerOptions.wish
  const sources = new Set(inputs.filter(({ source }) => source === 'file').map(({ file }) => identityOf(file)))
  const takers = new Map<string, string>()
  return {
    take(input, start) {
      const output = outputOf(input, target, sniff(start), size, format)
      const identity = identityOf(output)
      const taker = takers.get(identity)
      if (output !== STDOUT && sources.has(identity)) throw new TakenError(output, 'an input')
      if (taker !== undefined) throw new TakenError(output, `the result of ${taker}`)
      takers.set(identity, input.file)
      return output
    },
  }
}

/** Assigns the names of the results of files before any work starts, so that collisions do not depend on timing. */
async function named(
  inputs: readonly Input[],
  { signal }: UpscaleRun,
  names: Names,
  tell: (outcome: UpscaleOutcome) => void,
): Promise<Job[]> {
  const jobs: Job[] = []
  for (const input of inputs) {
    if (signal.aborted) break
    const { file, source } = input
    try {
      jobs.push(source === 'file' ? { input, output: names.take(input, await readStart(file)) } : { input })
    } catch (error) {
      const output = error instanceof TakenError ? error.output : undefined
      tell({ input: file, outcome: 'failed', message: describe(error), output, seconds: 0 })
    }
  }
  return jobs
}

async function resultOf(
  { input, output: given }: Job,
  run: UpscaleRun,
  names: Names,
  thread: Thread,
  memory: Memory,
  tellShare: (share: number) => void,
): Promise<Result> {
  const { makerOptions, force, copySkipped, maker, signal } = run
  let output = given
  let kept: Uint8Array | undefined
  try {
    const read = output === undefined ? await readInput(input, signal) : undefined
    output ??= names.take(input, read!)
    if (!force && (await exists(output))) return { outcome: 'exists', output }
    const bytes = read ?? (await readInput(input, signal))
    if (copySkipped && input.source !== 'file') kept = bytes.slice() // it cannot be read again
    const decided = await maker.decide(bytes)
    const { plan, cost } = decided.decision
    const made = await memory.with(cost.memoryBytes, () => thread.make(bytes, tellShare))
    if (signal.aborted) return { outcome: 'failed', message: 'stopped' }
    await write(output, made)
    const { scale, width, height, asked } = plan
    return { outcome: 'done', output, scale, width, height, model: labelOf(plan.model), asked }
  } catch (error) {
    if (!(error instanceof Skip) || output === undefined || !isForWhatItIs(error.reason)) {
      return { outcome: 'failed', message: describe(error), output }
    }
    const message = textOf(error.reason, makerOptions)
    if (copySkipped) return copy(kept ?? input, output, { outcome: 'skipped', reason: error.reason, message }, signal)
    // Whoever reads stdout waits for a picture.
    if (output === STDOUT) return { outcome: 'failed', message: `${error.reason}: ${message}`, output }
    return { outcome: 'skipped', reason: error.reason, message }
  }
}

async function copy(from: Uint8Array | Input, output: string, skipped: Result, signal: AbortSignal): Promise<Result> {
  try {
    await write(output, from instanceof Uint8Array ? from : await readInput(from, signal))
    return { ...skipped, output }
  } catch (error) {
    return { outcome: 'failed', message: describe(error), output }
  }
}

/** Writes a result to its file or to stdout. The error names it, because the line of the report begins with the input. */
async function write(output: string, bytes: Uint8Array): Promise<void> {
  try {
    await (output === STDOUT ? writeToStdout(bytes) : writeWhole(output, bytes))
  } catch (cause) {
    throw failureOf(output, cause)
  }
}

function failureOf(output: string, cause: unknown): Error {
  const name = output === STDOUT ? 'stdout' : output
  // The folders above a result are created, so a result is missing only where nothing can be created.
  const isRefused = (cause as NodeJS.ErrnoException).code === 'ENOENT'
  const message = isRefused ? 'no file or folder can be created there (ENOENT)' : describeFileError(cause as Error)
  // oxlint-disable-next-line preserve-caught-error -- its message would be printed twice
  return new Error(`${name}: ${message}`)
}

function writeToStdout(bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(bytes, (error) => (error ? reject(error) : resolve()))
  })
}

/** Enough bytes to detect a file's type. */
const START_BYTES = 4096

async function readStart(file: string): Promise<Uint8Array> {
  const handle = await open(file)
  try {
    const { buffer, bytesRead } = await handle.read(new Uint8Array(START_BYTES), 0, START_BYTES, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await handle.close()
  }
}

async function exists(output: string): Promise<boolean> {
  if (output === STDOUT) return false
  try {
    await stat(output)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw failureOf(output, error)
  }
}

/** Returns the same text for all spellings of a path. Outside Linux, most file systems ignore case. */
function identityOf(file: string): string {
  const resolved = path.resolve(file)
  return process.platform === 'linux' ? resolved : resolved.toLowerCase()
}

/** True if the reason is a property of the picture; false if making the result failed. */
const isForWhatItIs = (reason: SkipReason) => !FAILURE_REASONS.includes(reason)

/** Returns the text of a reason. For the limits on pixels it names those of the command line, not the worker's. */
function textOf(reason: SkipReason, { maxPixels }: MakerOptions): string {
  switch (reason) {
    case 'SOURCE_PIXELS':
      return `the picture is larger than --max-pixels ${maxPixels} allows`
    case 'OUTPUT_PIXELS':
      return `even the smallest enlargement would have a side of more than ${MAX_OUTPUT_SIDE} pixels`
    default:
      return SKIP_REASONS[reason]
  }
}

function describe(error: unknown): string {
  if (error instanceof Skip) return `${error.reason}: ${describeError(error)}`
  return (error as NodeJS.ErrnoException).code === undefined ? describeError(error) : describeFileError(error as Error)
}
