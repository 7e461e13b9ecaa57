// Learns the dictionary of enlargeSparse.ts from pictures: principal components, atoms, and for each atom a ridge
// regression from its nearest features to the truth minus bicubic. The same pictures, scale and options yield the same
// dictionary. Runs in plain TypeScript on one core.
import { modcrop, type Rgba } from '../../worker/image/plane.ts'
import { createRandom } from '../../worker/image/prng.ts'
import { enlargePlane, rescalePicture, shrinkPlane, truthOf } from '../data/degrade.ts'
import { clusterAxes, neighboursOf, normalise } from './anchors.ts'
import type { Dictionary } from './enlargeSparse.ts'
import { differencesOf, project, readWindow, windowCount, windowLength, windowSide } from './features.ts'
import { leadingEigenvectors, solvePositive } from './linear.ts'

export interface LearnOptions {
  readonly seed: number
  /** Number of atoms in the dictionary. */
  readonly atoms: number
  /** Number of principal components that a window is projected on, a multiple of 4. */
  readonly size: number
  /** Number of windows drawn from the pictures for the regressions. */
  readonly samples: number
  /** Number of windows drawn for the principal components. */
  readonly componentSamples: number
  /** Number of windows that k-means clusters into atoms. */
  readonly clusterSamples: number
  /** Number of iterations of k-means. */
  readonly clusterRounds: number
  /** Number of windows that the map of one atom is fitted to. A+ uses 2048. */
  readonly neighbours: number
  /** Regularisation of the ridge regression on unit features. A+ uses 0.1. */
  readonly lambda: number
}

export const LEARN_OPTIONS: LearnOptions = {
  seed: 1,
  atoms: 1024,
  size: 32,
  samples: 400_000,
  componentSamples: 20_000,
  clusterSamples: 80_000,
  clusterRounds: 8,
  neighbours: 2048,
  lambda: 0.1,
}

/**
 * Factors by which each picture is resized. Every size supplies windows, because resizing changes the widths of edges.
 */
const FACTORS = [1, 0.9, 0.8, 0.7, 0.6]

/**
 * Minimum Euclidean norm of a feature, with luma in 0..1. Shorter features hold only rounding errors and are skipped.
 */
const FLAT = 2 / 255

/** Reports the current stage. `share`: the finished part of all work, 0..1. */
export type OnProgress = (stage: string, share: number) => void

/** Learns a dictionary. Throws a RangeError if the pictures are too small, too few or too flat for the options. */
export function learnDictionary(
  pictures: readonly Rgba[],
  scale: number,
  options: LearnOptions = LEARN_OPTIONS,
  onProgress: OnProgress = () => {},
): Dictionary {
  const { seed, size, atoms, samples, componentSamples, clusterSamples, clusterRounds } = options
  const random = createRandom(seed)
  const examples = pictures.flatMap((picture) => prepareExamples(picture, scale))
  const draw = createDraw(examples, scale, random)
  onProgress('components', 0)
  const components = componentsOf(draw, componentSamples, windowLength(scale), size)

  const features = new Float64Array(samples * size)
  const lengths = new Float64Array(samples)
  const places = Array.from({ length: samples }, (_, n): Place => {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const { place, window } = draw()
      project(components, window, features, n * size)
      lengths[n] = normalise(features, n * size, size)
      if (lengths[n] > FLAT) {
        if (n % 1000 === 0) onProgress('features', 0.05 + (0.1 * n) / samples)
        return place
      }
    }
    throw new RangeError('expected pictures with edges or texture, got only flat ones')
  })

  const some = features.subarray(0, Math.min(clusterSamples, samples) * size)
  if (some.length < atoms * size) {
    throw new RangeError(`expected at least as many windows as atoms, ${atoms}, got ${some.length / size}`)
  }
  const anchors = clusterAxes(some, size, atoms, clusterRounds, random, (done) =>
    onProgress('atoms', 0.15 + (0.45 * done) / clusterRounds),
  )

  const outputs = windowSide(scale) ** 2
  const maps = new Float32Array(atoms * outputs * size)
  for (let atom = 0; atom < atoms; atom++) {
    const near = neighboursOf(anchors, atom, features, size, options.neighbours)
    const map = regress(near, features, lengths, places, scale, options)
    for (let i = 0; i < size; i++) {
      for (let o = 0; o < outputs; o++) maps[(atom * outputs + o) * size + i] = map[i * outputs + o]
    }
    onProgress('maps', 0.6 + (0.4 * (atom + 1)) / atoms)
  }
  return { scale, size, components, anchors, maps }
}

/** Maximum number of windows drawn to find one that is not flat. If all are flat, the pictures are refused. */
const ATTEMPTS = 1000

/** A training picture at one of its sizes. */
interface Example {
  readonly width: number
  readonly height: number
  readonly differences: readonly Float32Array[]
  /** The detail that bicubic lacks: truth minus bicubic, [height, width]. */
  readonly missing: Float32Array
}

/** The top left corner of a window in an example. */
interface Place {
  readonly example: Example
  readonly x: number
  readonly y: number
}

function prepareExamples(picture: Rgba, scale: number): Example[] {
  return FACTORS.map((factor) => truthOf(rescalePicture(picture, factor)))
    .filter(({ width, height }) => Math.min(width, height) >= windowSide(scale))
    .map((luma) => {
      const truth = modcrop(luma, scale)
      const bicubic = enlargePlane(shrinkPlane(truth, scale), scale)
      return {
        width: truth.width,
        height: truth.height,
        differences: differencesOf(bicubic, scale),
        missing: truth.data.map((v, i) => v - bicubic.data[i]),
      }
    })
}

/**
 * Returns a function that draws a window from all examples with equal probability. Each draw overwrites the window of
 * the draw before.
 */
function createDraw(
  examples: readonly Example[],
  scale: number,
  random: { below(bound: number): number },
): () => { place: Place; window: Float64Array } {
  const ends: number[] = []
  for (const { width, height } of examples) {
    ends.push((ends.at(-1) ?? 0) + windowCount(width, scale) * windowCount(height, scale))
  }
  const total = ends.at(-1) ?? 0
  if (total === 0) {
    throw new RangeError(`expected pictures of at least ${windowSide(scale)} pixels a side`)
  }
  const window = new Float64Array(windowLength(scale))
  return () => {
    const position = random.below(total)
    const index = ends.findIndex((end) => end > position)
    const example = examples[index]
    const across = windowCount(example.width, scale)
    const inside = position - (ends[index - 1] ?? 0)
    const x = (inside % across) * scale
    const y = Math.floor(inside / across) * scale
    readWindow(example.differences, example.width, x, y, windowSide(scale), window)
    return { place: { example, x, y }, window }
  }
}

/**
 * Returns the principal components of drawn windows. The mean is not subtracted, because the mean of differences is
 * close to zero.
 */
function componentsOf(
  draw: () => { window: Float64Array },
  samples: number,
  length: number,
  count: number,
): Float64Array {
  const covariance = new Float64Array(length * length)
  for (let n = 0; n < samples; n++) {
    const { window } = draw()
    for (let i = 0; i < length; i++) {
      const v = window[i]
      const row = i * length
      for (let j = 0; j <= i; j++) covariance[row + j] += v * window[j]
    }
  }
  for (let i = 0; i < length; i++) {
    for (let j = 0; j < i; j++) covariance[j * length + i] = covariance[i * length + j]
  }
  return leadingEigenvectors(covariance, length, count)
}

/**
 * Returns (F'F + lambda I)⁻¹ F'R [size, outputs]. F: unit features. R: truth minus bicubic, divided by the original
 * length of the feature.
 */
function regress(
  near: readonly number[],
  features: Float64Array,
  lengths: Float64Array,
  places: readonly Place[],
  scale: number,
  { size, lambda }: LearnOptions,
): Float64Array {
  const side = windowSide(scale)
  const outputs = side * side
  const gram = new Float64Array(size * size)
  const map = new Float64Array(size * outputs)
  const residual = new Float64Array(outputs)
  for (let i = 0; i < size; i++) gram[i * size + i] = lambda
  for (const n of near) {
    const { example, x, y } = places[n]
    for (let row = 0, o = 0; row < side; row++) {
      let p = (y + row) * example.width + x
      for (const end = p + side; p < end; p++, o++) residual[o] = example.missing[p] / lengths[n]
    }
    for (let i = 0; i < size; i++) {
      const v = features[n * size + i]
      for (let j = 0; j <= i; j++) gram[i * size + j] += v * features[n * size + j]
      for (let o = 0, m = i * outputs; o < outputs; o++, m++) map[m] += v * residual[o]
    }
  }
  solvePositive(gram, size, map, outputs)
  return map
}
