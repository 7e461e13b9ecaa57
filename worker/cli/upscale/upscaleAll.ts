// Makes all pictures of a run, several at a time. Each outcome is done, exists, skipped or failed.
import { open, readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { labelOf } from '../../picture/models.ts'
import { FAILURE_REASONS, Skip, SKIP_REASONS, type SkipReason } from '../../picture/skip.ts'
import { sniff } from '../../codec/header/sniff.ts'
import { MAX_OUTPUT_SIDE } from '../../platform/limits.ts'
import { describeError } from '../../terminal/arguments.ts'
import { describeFileError, type Input } from './inputs.ts'
import type { Maker, MakerOptions } from './maker.ts'
import { createMemory, type Memory } from './memory.ts'
import { outputOf, type OutputTarget } from './outputs.ts'
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
  const queue = await name(inputs, run, tell)
  const memory = createMemory()
  const shares = new Map<Job, number>()
  const work = async (thread: Thread) => {
    for (let job = queue.shift(); job && !run.signal.aborted; job = queue.shift()) {
      const current = job
      const start = performance.now()
      const result = await resultOf(current, run, thread, memory, (share) => {
        shares.set(current, share)
        tellPart([...shares.values()].reduce((sum, one) => sum + one, 0))
      })
      shares.delete(current)
      const seconds = (performance.now() - start) / 1000
      const isLost = run.signal.aborted && result.outcome === 'failed'
      if (!isLost) tell({ input: job.file, ...result, seconds: Math.round(1000 * seconds) / 1000 })
    }
  }
  await Promise.all(run.threads.map(work))
}

interface Job {
  readonly file: string
  readonly output: string
}

/** Assigns the names of all results before any work starts, so that collisions do not depend on timing. */
async function name(
  inputs: readonly Input[],
  { target, makerOptions, signal }: UpscaleRun,
  tell: (outcome: UpscaleOutcome) => void,
): Promise<Job[]> {
  const { size, format } = makerOptions.wish
  const sources = new Set(inputs.map(({ file }) => identityOf(file)))
  const jobs = new Map<string, Job>()
  for (const input of inputs) {
    if (signal.aborted) break
    const { file } = input
    const fail = (message: string, output?: string) =>
      tell({ input: file, outcome: 'failed', message, output, seconds: 0 })
    try {
      const output = outputOf(input, target, sniff(await readStart(file)), size, format)
      const identity = identityOf(output)
      const other = jobs.get(identity)
      if (sources.has(identity)) fail(`its result would be ${output}, which is an input`, output)
      else if (other) fail(`its result would be ${output}, which is the result of ${other.file}`, output)
      else jobs.set(identity, { file, output })
    } catch (error) {
      fail(describe(error))
    }
  }
  return [...jobs.values()]
}

async function resultOf(
  { file, output }: Job,
  run: UpscaleRun,
  thread: Thread,
  memory: Memory,
  tellShare: (share: number) => void,
): Promise<Result> {
  const { makerOptions, force, copySkipped, maker } = run
  try {
    if (!force && (await exists(output))) return { outcome: 'exists', output }
    const bytes: Uint8Array = new Uint8Array(await readFile(file))
    const decided = await maker.decide(bytes)
    const { plan, cost } = decided.decision
    const made = await memory.with(cost.memoryBytes, () => thread.make(bytes, tellShare))
    if (run.signal.aborted) return { outcome: 'failed', message: 'stopped' }
    await writeWhole(output, made)
    const { scale, width, height, asked } = plan
    return { outcome: 'done', output, scale, width, height, model: labelOf(plan.model), asked }
  } catch (error) {
    if (!(error instanceof Skip) || !isForWhatItIs(error.reason)) {
      return { outcome: 'failed', message: describe(error), output }
    }
    const skipped = { outcome: 'skipped', reason: error.reason, message: textOf(error.reason, makerOptions) } as const
    if (!copySkipped) return skipped
    return copy(file, output, skipped)
  }
}

async function copy(file: string, output: string, skipped: Result): Promise<Result> {
  try {
    await writeWhole(output, new Uint8Array(await readFile(file)))
    return { ...skipped, output }
  } catch (error) {
    return { outcome: 'failed', message: describe(error), output }
  }
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

async function exists(file: string): Promise<boolean> {
  try {
    await stat(file)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
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
  return error instanceof Error ? describeFileError(error) : String(error)
}
