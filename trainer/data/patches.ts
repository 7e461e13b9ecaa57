// Cuts batches of patches. A batch depends only on seed and step. So a checkpoint need not contain the sampler, and a
// resumed run gets the same batches as an uninterrupted one.
import type { Planes } from '../../worker/engine/engine.ts'
import { planeOf } from '../../worker/engine/planes.ts'
import type { Plane } from '../../worker/image/plane.ts'
import { createRandom, type Random } from '../../worker/image/prng.ts'
import { resize } from '../../worker/image/resize.ts'
import type { Batch } from '../engine/gradientEngine.ts'
import type { Example } from './examples.ts'
import { BATCH_STREAM, createShuffle, mixSeed } from '../base/seed.ts'

export interface PatchOptions {
  /** Number of channels of an input patch: as many as the examples have. */
  readonly channels: number
  /** Number of patches in a batch. */
  readonly batch: number
  /** Side of an input patch in pixels. */
  readonly patch: number
  /** Width in pixels of the border of an input that its target does not cover. */
  readonly halo: number
  /**
   * Factor by which the network enlarges its input. If it is 1, inputs are cut from the bicubic enlargement. If it is
   * larger, inputs are cut from the small picture, whose edge pixels are repeated beyond its edges, as the network
   * repeats them. A target then has `enlargement`² values per pixel of the small picture.
   */
  readonly enlargement: number
  /** True if the target is the truth minus bicubic, false if it is the truth. */
  readonly residual: boolean
  readonly seed: number
  /** Share of patches that are cut from each version of an example, as returned by `sharesOf`. */
  readonly shares: readonly number[]
  /**
   * `random`: patches at random positions, in one of eight symmetries. `grid`: the paper's sub-images, each once per
   * epoch.
   */
  readonly sampling: 'random' | 'grid'
}

export interface Sampler {
  /** Fills `batch` with the patches of a step. */
  fill(step: number, batch: Batch): void
  /** Number of positions at which a patch can be cut. */
  readonly places: number
}

/** Distance between sub-images in pixels, as in the authors' generate_train.m. */
const GRID_STRIDE = 14

export function createBatch({ channels, batch, patch, halo, enlargement }: PatchOptions): Batch {
  const targetSide = enlargement * (patch - 2 * halo)
  return {
    inputs: new Float32Array(batch * channels * patch * patch),
    targets: new Float32Array(batch * channels * targetSide * targetSide),
  }
}

/** Returns the minimum side, in pixels of the truth, of a picture from which a patch can be cut. */
export function sideInTruth({
  patch,
  halo,
  enlargement,
}: Pick<PatchOptions, 'patch' | 'halo' | 'enlargement'>): number {
  return enlargement === 1 ? patch : enlargement * (patch - 2 * halo)
}

/**
 * Creates a sampler that draws from each group equally often, whatever the group's size. Within a group, every position
 * in every picture is equally likely. Throws if no example is large enough for a patch.
 */
export function createSampler(groups: readonly (readonly Example[])[], options: PatchOptions): Sampler {
  const { channels, batch, patch, halo, seed, shares, sampling, enlargement } = options
  const cut = enlargement === 1 ? createCut(options) : createSubPixelCut(options)
  const stride = sampling === 'grid' ? GRID_STRIDE : 1
  /** Number of pixels by which a patch may reach beyond a picture. */
  const margin = enlargement === 1 ? 0 : halo
  const along = (side: number) => Math.max(0, Math.floor((side + 2 * margin - patch) / stride) + 1)
  const examples = groups.flat()
  // Positions are numbered consecutively across all examples. ends[i] is the number of the last position in example i,
  // plus 1.
  const ends: number[] = []
  for (const { width, height } of examples)
    ends.push((ends.at(-1) ?? 0) + along(width / enlargement) * along(height / enlargement))
  const places = ends.at(-1) ?? 0
  const spans = spansOf(groups, ends)
  if (places === 0) {
    throw new Error(`expected pictures large enough for a patch of ${sideInTruth(options)} pixels, got none`)
  }
  const order = createShuffle(sampling === 'grid' ? places : 0, seed)

  return {
    places,
    fill(step, { inputs, targets }) {
      const random = createRandom(mixSeed(seed, BATCH_STREAM, step))
      for (let n = 0; n < batch; n++) {
        const place = sampling === 'grid' ? order(step * batch + n) : drawPlace(spans, random)
        const index = firstAbove(ends, place)
        const { width, versions } = examples[index]
        const position = place - (ends[index - 1] ?? 0)
        const across = along(width / enlargement)
        const x = stride * (position % across) - margin
        const y = stride * Math.floor(position / across) - margin
        const symmetry = sampling === 'grid' ? 0 : random.below(8)
        const small = versions[pick(shares, random.next())]

        for (let c = 0; c < channels; c++) {
          cut(examples[index], small, c, { x, y, symmetry }, { inputs, targets }, n * channels + c)
        }
      }
    },
  }
}

/** The top-left corner of a patch in its picture, and the patch's symmetry as defined by copySquare. */
interface Place {
  readonly x: number
  readonly y: number
  readonly symmetry: number
}

/** Writes channel `c` of a patch as plane `index` of the inputs and of the targets. */
type Cut = (example: Example, small: Planes, c: number, place: Place, batch: Batch, index: number) => void

/** Returns a function that cuts inputs from the bicubic enlargement. */
function createCut({ patch, halo, residual }: PatchOptions): Cut {
  const targetSide = patch - 2 * halo
  return ({ width, height, truth }, small, c, { x, y, symmetry }, { inputs, targets }, index) => {
    const bicubic = resize(planeOf(small, c), width, height, { x, y, width: patch, height: patch })
    const at = index * patch * patch
    copySquare(bicubic.data, patch, 0, patch, 1, symmetry, inputs, at)
    const to = index * targetSide * targetSide
    const from = (c * height + y + halo) * width + x + halo
    copySquare(truth, width, from, targetSide, 255, symmetry, targets, to)
    if (residual) subtractCentre(inputs, at, patch, targets, to, targetSide)
  }
}

/**
 * Returns a function that cuts inputs from the small picture. Targets are cut from the truth, then rearranged by
 * spaceToDepth.
 */
function createSubPixelCut({ patch, halo, residual, enlargement }: PatchOptions): Cut {
  const side = enlargement * (patch - 2 * halo)
  const padded = new Float32Array(patch * patch)
  const target = new Float32Array(side * side)
  const bicubic = new Float32Array(side * side)
  return ({ width, height, truth }, small, c, { x, y, symmetry }, { inputs, targets }, index) => {
    const plane = planeOf(small, c)
    copyPadded(plane, x, y, patch, padded)
    copySquare(padded, patch, 0, patch, 1, symmetry, inputs, index * patch * patch)
    const [left, top] = [enlargement * (x + halo), enlargement * (y + halo)]
    copySquare(truth, width, (c * height + top) * width + left, side, 255, symmetry, target, 0)
    if (residual) {
      const { data } = resize(plane, width, height, { x: left, y: top, width: side, height: side })
      copySquare(data, side, 0, side, 1, symmetry, bicubic, 0)
      for (let i = 0; i < target.length; i++) target[i] -= bicubic[i]
    }
    spaceToDepth(target, side, enlargement, targets, index * side * side)
  }
}

/** Rearranges [h s, w s] to [s², h, w]: the pixels at (dx, dy) of each s x s block become channel dy s + dx. */
function spaceToDepth(square: Float32Array, side: number, scale: number, target: Float32Array, to: number): void {
  for (let dy = 0, i = to; dy < scale; dy++) {
    for (let dx = 0; dx < scale; dx++) {
      for (let y = dy; y < side; y += scale) {
        for (let x = dx; x < side; x += scale, i++) target[i] = square[y * side + x]
      }
    }
  }
}

interface Span {
  readonly start: number
  readonly length: number
}

/** Returns the range of positions of each group. Groups without positions are left out. */
function spansOf(groups: readonly (readonly Example[])[], ends: readonly number[]): Span[] {
  let examples = 0
  return groups.flatMap(({ length }) => {
    const start = ends[examples - 1] ?? 0
    examples += length
    const end = ends[examples - 1] ?? 0
    return end > start ? [{ start, length: end - start }] : []
  })
}

function drawPlace(spans: readonly Span[], random: Random): number {
  const { start, length } = spans[spans.length > 1 ? random.below(spans.length) : 0]
  return start + random.below(length)
}

/**
 * Divides 0..1 into intervals that are as long as the shares, and returns the index of the interval that contains
 * `value`.
 */
function pick(shares: readonly number[], value: number): number {
  let rest = value
  const index = shares.findIndex((share) => (rest -= share) < 0)
  return index < 0 ? shares.length - 1 : index
}

/** Copies the square at (x, y). Repeats the nearest edge pixels where the square reaches beyond the plane. */
function copyPadded({ data, width, height }: Plane, x: number, y: number, side: number, target: Float32Array): void {
  for (let dy = 0, i = 0; dy < side; dy++) {
    const row = width * Math.min(height - 1, Math.max(0, y + dy))
    for (let dx = 0; dx < side; dx++, i++) {
      target[i] = data[row + Math.min(width - 1, Math.max(0, x + dx))]
    }
  }
}

/**
 * Copies the square whose top-left sample has index `from`. Divides its values by `range` and transforms it: bit 0 of
 * `symmetry` mirrors x, bit 1 mirrors y, bit 2 transposes.
 */
function copySquare(
  source: Float32Array | Uint8Array,
  stride: number,
  from: number,
  side: number,
  range: number,
  symmetry: number,
  target: Float32Array,
  to: number,
): void {
  const mirrorsX = (symmetry & 1) > 0
  const mirrorsY = (symmetry & 2) > 0
  const start = from + (mirrorsX ? side - 1 : 0) + (mirrorsY ? (side - 1) * stride : 0)
  const stepX = mirrorsX ? -1 : 1
  const stepY = mirrorsY ? -stride : stride
  const [inner, outer] = symmetry & 4 ? [stepY, stepX] : [stepX, stepY]
  for (let y = 0, i = to; y < side; y++) {
    let p = start + y * outer
    for (let x = 0; x < side; x++, i++, p += inner) target[i] = source[p] / range
  }
}

/** Subtracts the middle of the inputs from the targets. The difference is what a residual network must output. */
function subtractCentre(
  inputs: Float32Array,
  from: number,
  inputSide: number,
  targets: Float32Array,
  to: number,
  targetSide: number,
): void {
  const halo = (inputSide - targetSide) / 2
  for (let y = 0; y < targetSide; y++) {
    const row = from + (y + halo) * inputSide + halo
    for (let x = 0; x < targetSide; x++) targets[to + y * targetSide + x] -= inputs[row + x]
  }
}

/** Returns the index of the first element above `value` in an ascending list. */
function firstAbove(rising: readonly number[], value: number): number {
  let low = 0
  let high = rising.length - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if (rising[middle] > value) high = middle
    else low = middle + 1
  }
  return low
}
