// Supplies batches of patches. A set that fits the cache is prepared once and kept in memory. A larger set streams: the
// steps are divided into windows, and each window takes the next pictures of an endless shuffle. While patches are cut
// from one window, threads prepare the next. In both cases a batch depends only on seed, step and data.
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import path from 'node:path'
import { createCodec } from '../../worker/codec/codec.ts'
import type { Codec } from '../../worker/codec/contract.ts'
import { readHeader } from '../../worker/codec/header.ts'
import { loadCodecModules } from '../../worker/platform/nodeFiles.ts'
import { printError } from '../../worker/terminal/print.ts'
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
   * If false (default), every position in every picture is equally likely. If true, patches are drawn equally often
   * from each of `folders`; if the set streams (see the top of this file), only from those with pictures in the current
   * window.
   */
  readonly isEven?: boolean
  /** Folder of pictures to validate on. If it is given, no training pictures are held out. */
  readonly validate?: string
  /** Whether pictures are held out of training for validation if `validate` is not given (default: true). */
  readonly holdsOut?: boolean
  /**
   * Sets that the run is evaluated on. Their pictures, and files known to contain one of them, are left out of
   * training.
   */
  readonly tests?: readonly PictureSet[]
  readonly scale: number
  readonly degradation: Degradation
  /** Maximum number of bytes that prepared pictures may take (default: CACHE_BYTES). */
  readonly cacheBytes?: number
  /** Number of threads that decode and degrade pictures (default: `availableParallelism()` - 1, but 1 to 8). */
  readonly threads?: number
  /** Called with a line for each picture that is left out (default: printError). */
  readonly warn?: (line: string) => void
  /** If this signal is aborted, all pending calls reject with the signal's reason. */
  readonly stop?: AbortSignal
}

export interface PatchSource {
  readonly description: {
    /** Names of the folders, such as `T91+BSDS400`; `procedural` for the built-in set. */
    readonly name: string
    /** Number of training pictures. Some of them may turn out to be unusable when they are decoded. */
    readonly pictures: number
    /**
     * First 16 hexadecimal digits of a SHA-256 over the pictures' names and, as `digestOf` says, the bytes of the
     * files, their sizes, or the seed of the built-in set. Pictures that are left out do not count.
     */
    readonly digest: string
    readonly digestOf: 'bytes' | 'sizes' | 'seed'
    readonly streams: boolean
  }
  /** Pictures to validate on, sorted by name. Pictures that were held out of training are cropped to their middle. */
  readonly validation: readonly Picture[]
  /** Number of positions at which patches can be cut; undefined for a stream. */
  readonly places: number | undefined
  /**
   * Returns the batch of a step. Two buffers alternate, so the batch stays intact during the next call, and the call
   * after that overwrites it.
   */
  batch(step: number): Promise<Batch>
  /** Returns the number of bytes that prepared pictures take at present. */
  heldBytes(): number
  close(): Promise<void>
}

/**
 * Default size of the cache in bytes. Two windows share the cache: patches are cut from one while the other is
 * prepared.
 */
export const CACHE_BYTES = 2 ** 30
/** A set with more pictures than this always streams. Its files are not read in advance. */
const MOST_HELD_PICTURES = 4096
/**
 * Number of patches that are cut per picture of a window. It is this high because a thread prepares only some 60
 * pictures per second.
 */
const PATCHES_PER_PICTURE = 64
/**
 * Maximum number of pictures in a window. It is limited because a run that starts or resumes waits for a whole window.
 */
const WINDOW_PICTURES = 512
const MOST_WARNINGS = 10
const MOST_THREADS = 8
/**
 * Largest side of a held-out picture in pixels. It is small because a run validates some 60 times. Pictures of a
 * validation folder are used whole, as in `evaluate`.
 */
const HELD_OUT_SIDE = 240
const PROCEDURAL_PICTURES = 120

/**
 * Opens a source of batches. Throws if there is no picture to train on. The caller must close the source, which ends
 * its threads.
 */
export async function openPatchSource(options: PatchSourceOptions): Promise<PatchSource> {
  const { cacheBytes = CACHE_BYTES, channels, scale, degradation, sampling, stop } = options
  const warn = boundedWarnings(options.warn ?? printError)
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
  /**
   * Prepares window `index`. Starts only after the window `before` is complete, so that the two do not compete for the
   * threads.
   */
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
  /**
   * Returns the window of `step`. In a stream, also starts to prepare the next window, and drops all windows but these
   * two.
   */
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

/** The pictures from which the patches of a range of steps are cut. */
interface Window {
  /** Number of bytes of the examples prepared so far. */
  held: number
  /** False if the window is no longer needed, so that its remaining pictures are not prepared. */
  isWanted: boolean
  sampler: Promise<Sampler>
}

interface Entry {
  readonly name: string
  /** Index of the picture's folder in `folders`. */
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
 * Computes the digest of a set and estimates the bytes that its examples take. For a small set, reads the files here and
 * removes test pictures from `entries`. For a large set, keeps them in `entries`: the threads that prepare the examples
 * skip them.
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

/**
 * Reads the pictures to validate on and leaves out test pictures. For a validation folder `tests` is undefined, so that
 * no picture is left out.
 */
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

/** Returns a function that passes on the first few warnings, then a note that further warnings are not shown. */
function boundedWarnings(warn: (line: string) => void): (line: string) => void {
  let count = 0
  return (line) => {
    count++
    if (count <= MOST_WARNINGS) warn(`left out: ${line}`)
    if (count === MOST_WARNINGS) warn('left out: further pictures are not listed')
  }
}
