// Supplies batches of patches. A set that fits the cache is prepared once and kept in memory. A larger set streams: the
// steps are divided into windows, each with the next pictures of an endless shuffle; while one window is sampled,
// threads prepare the next. In both cases a batch is a pure function of seed, step and data.
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import path from 'node:path'
import { type Codec, createCodec } from '../../worker/codec/codec.ts'
import { readHeader } from '../../worker/codec/header.ts'
import { loadCodecModules } from '../../worker/platform/nodeFiles.ts'
import { type PictureSet, holdOut, listPictures, type Picture } from './pictureSet.ts'
import { type Degradation, sharesOf } from './degrade.ts'
import type { Batch } from '../engine/gradientEngine.ts'
import { estimateBytes, CROP_SIDE, cropMiddle, type Example, heldBytes, type Preparation } from './examples.ts'
import { createBatch, createSampler, type PatchOptions, type Sampler, sideInTruth } from './patches.ts'
import { createPreparer, type PrepareJob, type PictureOrigin } from './preparer.ts'
import { proceduralPicture } from '../procedural/picture.ts'
import { createShuffle, mixSeed, PICTURE_STREAM } from '../base/seed.ts'
import { readPicture, testPictureIn, type TestPictures, testPicturesOf } from './testPictures.ts'

export interface PatchSourceOptions extends Omit<PatchOptions, 'shares'> {
  /** Folders of training pictures, with their subfolders. If empty, the built-in set is used. */
  readonly folders: readonly string[]
  /**
   * Draw from each of `folders` equally often; in a stream, from those that are in the window. Default: every place in
   * every picture is equally likely.
   */
  readonly isEven?: boolean
  /** Folder of pictures to validate on, instead of a share that is held out of training. */
  readonly validate?: string
  /** Hold pictures out of training for validation if `validate` is not given (default: true). */
  readonly holdsOut?: boolean
  /** Sets to evaluate on. Training leaves out their pictures, and pictures known to contain a test picture. */
  readonly tests?: readonly PictureSet[]
  readonly scale: number
  readonly degradation: Degradation
  /** Maximum bytes that prepared pictures may take (default: CACHE_BYTES). */
  readonly cacheBytes?: number
  /** Threads that decode and prepare (default: one less than the machine runs in parallel, 1 to 8). */
  readonly threads?: number
  /** Called with a line for each picture that is left out (default: console.warn). */
  readonly warn?: (line: string) => void
  /** Ends all waiting: pending calls reject with its reason. */
  readonly stop?: AbortSignal
}

export interface PatchSource {
  readonly description: {
    /** Names of the folders, `T91+BSDS400`, or `procedural`. */
    readonly name: string
    /** Number of training pictures; some may later turn out to be unusable. */
    readonly pictures: number
    /** 16 hexadecimal digits of a SHA-256 over the name and the `digestOf` of every picture that is not left out. */
    readonly digest: string
    readonly digestOf: 'bytes' | 'sizes' | 'seed'
    readonly streams: boolean
  }
  /** Pictures to validate on, sorted by name; those held out of training are cropped to their middle. */
  readonly validation: readonly Picture[]
  /** Number of places that patches are cut from; undefined for a stream. */
  readonly places: number | undefined
  /** Returns the batch of a step. Two buffers alternate: the second call after this one overwrites its arrays. */
  batch(step: number): Promise<Batch>
  /** Bytes that prepared pictures take at present. */
  heldBytes(): number
  close(): Promise<void>
}

/** Default size of the cache. Two windows share it: the one being sampled and the one being prepared. */
export const CACHE_BYTES = 2 ** 30
/** A set with more pictures always streams; not even their headers are read in advance. */
const MOST_HELD_PICTURES = 4096
/** Patches per picture of a window: a thread prepares some 60 pictures per second. */
const PATCHES_PER_PICTURE = 64
/** Maximum number of pictures in a window: a run that starts or resumes waits until they are prepared. */
const WINDOW_PICTURES = 512
const MOST_WARNINGS = 10
const MOST_THREADS = 8
/**
 * Largest side of a held-out picture: a run validates on them some 60 times. Pictures of a validation folder are used
 * whole, as in `evaluate`.
 */
const HELD_OUT_SIDE = 240
const PROCEDURAL_PICTURES = 120

/**
 * Opens a source of batches. Throws if there is no picture to train on. The caller must close it, to end its threads.
 */
export async function openPatchSource(options: PatchSourceOptions): Promise<PatchSource> {
  const { cacheBytes = CACHE_BYTES, channels, scale, degradation, sampling, stop } = options
  const warn = boundedWarnings(options.warn ?? console.warn)
  const codec = createCodec(await loadCodecModules())
  const tests = testPicturesOf(options.tests ?? [])

  const sizes = sampling === 'grid' ? 'own' : 'all'
  const patch = sideInTruth(options)
  const own: Preparation = { channels, scale, patch, degradation, sizes }
  const all = await listEntries(options.folders, options.seed)
  const { entries, digest, digestOf, bytes } = await survey(
    all,
    own,
    options.seed,
    (file) => testPictureIn(file, tests, codec),
    warn,
  )
  const split =
    options.validate === undefined && options.holdsOut !== false
      ? holdOut(entries)
      : { training: entries, validation: [] }
  const streams = bytes > cacheBytes
  if (streams && sampling === 'grid') {
    throw new Error(
      `expected pictures that fit a cache of ${cacheBytes} bytes, as the paper's grid needs, got ${Math.ceil(bytes)} bytes`,
    )
  }
  const preparation: Preparation = streams ? { ...own, sizes: 'crop' } : own
  const count = options.threads ?? Math.min(MOST_THREADS, Math.max(1, availableParallelism() - 1))
  const size = streams
    ? Math.min(WINDOW_PICTURES, Math.floor(cacheBytes / 2 / estimateBytes(CROP_SIDE ** 2, preparation)))
    : split.training.length
  if (size === 0) {
    throw new Error(`expected a cache for at least two pictures, got ${cacheBytes} bytes`)
  }
  const preparer = createPreparer(count, tests)
  const shuffle = createShuffle(split.training.length, options.seed)
  const patchOptions: PatchOptions = { ...options, shares: sharesOf(degradation) }

  const isStopped = () => stop?.aborted === true
  /** Prepares a window after the window `before` is complete, so that it does not slow that one down. */
  function prepareWindow(index: number, before: Window | undefined): Window {
    const window: Window = { held: 0, isWanted: true, sampler: undefined as never }
    const slots: Example[][] = Array.from({ length: size }, () => [])
    const positions = Array.from(slots, (_, i) => index * size + i)
    const picked = positions.map((position) => split.training[streams ? shuffle(position) : position])
    let next = 0
    const lane = async () => {
      await before?.sampler.catch(() => {})
      while (next < size && window.isWanted && !isStopped()) {
        const i = next++
        const job: PrepareJob = {
          origin: picked[i].origin,
          preparation,
          seed: mixSeed(options.seed, PICTURE_STREAM, positions[i]),
        }
        const outcome = await preparer.prepare(job)
        if ('failure' in outcome) warn(outcome.failure)
        else slots[i] = outcome.examples
        window.held += heldBytes(slots[i])
      }
    }
    const lanes = Array.from({ length: Math.min(count, size) }, lane)
    window.sampler = Promise.all(lanes).then(() => {
      stop?.throwIfAborted()
      const groups: Example[][] = options.folders.length > 1 && options.isEven ? options.folders.map(() => []) : [[]]
      for (const [i, examples] of slots.entries()) {
        const group = groups.length > 1 ? groups[picked[i].folder] : groups[0]
        for (const example of examples) group.push(example)
      }
      return createSampler(groups, patchOptions)
    })
    window.sampler.catch(() => {}) // the call of `batch` that needs the window reports the error
    return window
  }

  const windows = new Map<number, Window>()
  const steps = streams ? Math.ceil((size * PATCHES_PER_PICTURE) / options.batch) : Infinity
  /** Returns the window of `step`. Of a stream, keeps this window and the next one only. */
  const windowAt = (step: number): Window => {
    const current = Math.floor(step / steps)
    const wanted = streams ? [current, current + 1] : [current]
    for (const [index, window] of windows) {
      if (wanted.includes(index)) continue
      window.isWanted = false
      windows.delete(index)
    }
    for (const index of wanted) {
      if (!windows.has(index)) windows.set(index, prepareWindow(index, windows.get(index - 1)))
    }
    return windows.get(current)!
  }

  try {
    // A stream prepares its first window when the first batch is requested, because a run may resume at any step.
    const whole = streams ? undefined : await windowAt(0).sampler
    if (!streams) await preparer.close()
    const buffers = [createBatch(patchOptions), createBatch(patchOptions)]
    let turn = 0
    return {
      description: {
        name: nameOf(options.folders),
        pictures: split.training.length,
        digest,
        digestOf,
        streams,
      },
      validation:
        options.validate === undefined
          ? await readValidation(split.validation, codec, warn, { side: HELD_OUT_SIDE, tests })
          : await readValidation(await listEntries([options.validate], 0), codec, warn),
      places: whole?.places,
      async batch(step) {
        const buffer = buffers[turn]
        turn = 1 - turn
        const sampler = await windowAt(step).sampler
        sampler.fill(step, buffer)
        return buffer
      },
      heldBytes: () => [...windows.values()].reduce((sum, { held }) => sum + held, 0),
      close: () => preparer.close(),
    }
  } catch (error) {
    await preparer.close()
    throw error
  }
}

/** The pictures of a range of steps. */
interface Window {
  /** Bytes of the examples prepared so far. */
  held: number
  /** False once sampling has moved on: the remaining pictures are not prepared. */
  isWanted: boolean
  sampler: Promise<Sampler>
}

interface Entry {
  readonly name: string
  /** Index of its folder in the given list. */
  readonly folder: number
  readonly origin: PictureOrigin
  readonly bytes: number
}

async function listEntries(folders: readonly string[], seed: number): Promise<Entry[]> {
  if (folders.length === 0) {
    return Array.from({ length: PROCEDURAL_PICTURES }, (_, index) => ({
      name: `procedural/${index}`,
      folder: 0,
      origin: { seed, index },
      bytes: 0,
    }))
  }
  const all: Entry[] = []
  for (const [index, folder] of folders.entries()) {
    for (const { name, file, bytes } of await listPictures([folder])) {
      all.push({ name, folder: index, origin: { file }, bytes })
    }
  }
  return all
}

function nameOf(folders: readonly string[]): string {
  if (folders.length === 0) return 'procedural'
  return folders.map((folder) => path.basename(path.resolve(folder))).join('+')
}

/**
 * Computes the digest of a set, and estimates the bytes that its pictures would take in memory. The files of a small
 * set are read here, and `entries` is without test pictures. In a large set, the threads that read the files leave out
 * test pictures.
 */
async function survey(
  all: readonly Entry[],
  preparation: Preparation,
  seed: number,
  objectionTo: (file: Uint8Array) => Promise<string | undefined>,
  warn: (line: string) => void,
) {
  const hash = createHash('sha256')
  let bytes = 0
  const isLarge = all.length > MOST_HELD_PICTURES
  const isBuiltIn = all.every(({ origin }) => 'index' in origin)
  if (isBuiltIn) hash.update(`${seed}`)
  const entries: Entry[] = []
  for (const entry of all) {
    const { name, origin, bytes: size } = entry
    if (isLarge) hash.update(name).update(`:${size}\n`)
    else if ('index' in origin) hash.update(name)
    else {
      const file = await readFile(origin.file)
      const objection = await objectionTo(file)
      if (objection) {
        warn(`${origin.file} ${objection}`)
        continue
      }
      const { width, height } = readHeader(file)
      hash.update(name).update(file)
      bytes += estimateBytes(width * height, preparation)
    }
    entries.push(entry)
  }
  if (entries.length === 0) throw new Error('expected pictures to train on, got only test pictures')
  return {
    entries,
    digest: hash.digest('hex').slice(0, 16),
    digestOf: isBuiltIn ? ('seed' as const) : isLarge ? ('sizes' as const) : ('bytes' as const),
    bytes: isLarge ? Infinity : bytes,
  }
}

/** Reads the pictures to validate on. Leaves out those of `tests`, which are not given for a validation folder. */
async function readValidation(
  entries: readonly Entry[],
  codec: Codec,
  warn: (line: string) => void,
  { side = Infinity, tests }: { side?: number; tests?: TestPictures } = {},
) {
  const pictures: Picture[] = []
  for (const { name, origin } of entries) {
    try {
      const { rgba, isGrey } =
        'index' in origin
          ? { rgba: proceduralPicture(origin.seed, origin.index), isGrey: false }
          : await readPicture(codec, origin.file, tests)
      pictures.push({ name, rgba: cropMiddle(rgba, side), isGrey })
    } catch (error) {
      warn((error as Error).message)
    }
  }
  return pictures
}

/** Returns a function that passes on the first few warnings and then a note that there may be more. */
function boundedWarnings(warn: (line: string) => void): (line: string) => void {
  let count = 0
  return (line) => {
    count++
    if (count <= MOST_WARNINGS) warn(`left out: ${line}`)
    if (count === MOST_WARNINGS) warn('left out: further pictures are not listed')
  }
}
