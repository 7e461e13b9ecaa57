// Batches of patches. A batch is a pure function of seed and step: nothing of the sampler
// needs saving in a checkpoint, and no batch depends on how a run was cut into sessions.
import { planeOf } from '../worker/engine/planes.ts'
import { createRandom } from '../worker/image/prng.ts'
import { resize } from '../worker/image/resize.ts'
import type { Batch } from './engine/engine.ts'
import type { Example } from './examples.ts'
import { BATCHES, createShuffle, mixSeed } from './seed.ts'

export interface PatchOptions {
  /** Of inputs and targets, as the examples have them. */
  readonly channels: number
  readonly batch: number
  /** Side of an input patch. */
  readonly patch: number
  /** How much smaller a target is on each side. */
  readonly halo: number
  /** The target is what is missing to the truth instead of the truth. */
  readonly residual: boolean
  readonly seed: number
  /** How often each version of an example is taken, as `sharesOf` gives them. */
  readonly shares: readonly number[]
  /** `random`: any place, in any of eight symmetries. `grid`: the paper's sub-images, each once in an epoch. */
  readonly sampling: 'random' | 'grid'
}

export interface Sampler {
  /** Fills the batch of a step. */
  fill(step: number, batch: Batch): void
  /** Different places that a patch may be cut from. */
  readonly places: number
}

/** As the authors' generate_train.m has it. */
const GRID_STRIDE = 14

export function createBatch({ channels, batch, patch, halo }: PatchOptions): Batch {
  const targetSide = patch - 2 * halo
  return {
    inputs: new Float32Array(batch * channels * patch * patch),
    targets: new Float32Array(batch * channels * targetSide * targetSide),
  }
}

/** Throws where no example holds a patch. */
export function createSampler(examples: readonly Example[], options: PatchOptions): Sampler {
  const { channels, batch, patch, halo, residual, seed, shares, sampling } = options
  const targetSide = patch - 2 * halo
  const stride = sampling === 'grid' ? GRID_STRIDE : 1
  const along = (side: number) => Math.max(0, Math.floor((side - patch) / stride) + 1)
  // Every position in every picture is as likely as any other.
  const ends: number[] = []
  for (const { width, height } of examples) ends.push((ends.at(-1) ?? 0) + along(width) * along(height)) // prettier-ignore
  const places = ends.at(-1) ?? 0
  if (places === 0) throw new Error(`expected pictures that hold a patch of ${patch} pixels, got none`) // prettier-ignore
  const order = createShuffle(sampling === 'grid' ? places : 0, seed)

  return {
    places,
    fill(step, { inputs, targets }) {
      const random = createRandom(mixSeed(seed, BATCHES, step))
      for (let n = 0; n < batch; n++) {
        const place = sampling === 'grid' ? order(step * batch + n) : random.below(places)
        const index = firstAbove(ends, place)
        const { width, height, truth, versions } = examples[index]
        const position = place - (ends[index - 1] ?? 0)
        const across = along(width)
        const x = stride * (position % across)
        const y = stride * Math.floor(position / across)
        const symmetry = sampling === 'grid' ? 0 : random.below(8)
        const small = versions[pick(shares, random.next())]

        for (let c = 0; c < channels; c++) {
          const bicubic = resize(planeOf(small, c), width, height, { x, y, width: patch, height: patch }) // prettier-ignore
          const at = (n * channels + c) * patch * patch
          copySquare(bicubic.data, patch, 0, patch, 1, symmetry, inputs, at)
          const to = (n * channels + c) * targetSide * targetSide
          const from = (c * height + y + halo) * width + x + halo
          copySquare(truth, width, from, targetSide, 255, symmetry, targets, to)
          if (residual) subtractCentre(inputs, at, patch, targets, to, targetSide)
        }
      }
    },
  }
}

/** Index of the share that `value`, 0..1, falls into. */
function pick(shares: readonly number[], value: number): number {
  let rest = value
  const index = shares.findIndex((share) => (rest -= share) < 0)
  return index < 0 ? shares.length - 1 : index
}

/**
 * Copies a square whose top-left is `from`, divided by `range` and turned: bit 0 of `symmetry`
 * mirrors x, bit 1 y, bit 2 transposes.
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

/** targets -= the middle of the inputs: what is left for a residual network to put out. */
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

/** Index of the first element above `value` in a rising list. */
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
