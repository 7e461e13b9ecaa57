// Batches of random patches. A batch is a pure function of seed and step: nothing of the sampler
// needs saving in a checkpoint, and no batch depends on how a run was cut into sessions.
import { modcrop, type Plane, type Rgba } from '../worker/image/plane.ts'
import { createRandom } from '../worker/image/prng.ts'
import { enlargePlane, shrinkPlane, truthOf } from './degrade.ts'
import type { Batch } from './engine/engine.ts'

/** One picture, degraded: luma of one size. */
export interface Example {
  /** What the network starts from. */
  readonly bicubic: Plane
  /** 8-bit levels, kept as bytes: [height, width]. */
  readonly truth: Uint8Array
}

export interface PatchOptions {
  readonly batch: number
  /** Side of an input patch. */
  readonly patch: number
  /** How much smaller a target is on each side. */
  readonly halo: number
  /** The target is what is missing to the truth instead of the truth. */
  readonly residual: boolean
  readonly seed: number
}

/** The pictures that hold a patch at this scale. */
export function prepareExamples(
  pictures: readonly Rgba[],
  scale: number,
  patch: number,
): Example[] {
  return pictures
    .filter(({ width, height }) => Math.min(width, height) >= patch + scale - 1)
    .map((picture) => {
      const luma = truthOf(picture)
      const { data } = modcrop(luma, scale)
      const truth = new Uint8Array(data.length)
      for (let i = 0; i < data.length; i++) truth[i] = Math.round(data[i] * 255)
      return { bicubic: enlargePlane(shrinkPlane(luma, scale), scale), truth }
    })
}

/** Gives the batch of a step. Its arrays are reused by the next call. */
export function createSampler(
  examples: readonly Example[],
  { batch, patch, halo, residual, seed }: PatchOptions,
): (step: number) => Batch {
  const targetSide = patch - 2 * halo
  const inputs = new Float32Array(batch * patch * patch)
  const targets = new Float32Array(batch * targetSide * targetSide)
  // Every position in every picture is as likely as any other.
  const ends: number[] = []
  for (const { bicubic } of examples) {
    const positions = (bicubic.width - patch + 1) * (bicubic.height - patch + 1)
    ends.push((ends.at(-1) ?? 0) + positions)
  }
  const total = ends.at(-1) ?? 0

  return (step) => {
    const random = createRandom(Math.imul(seed, 0x9e3779b1) + step)
    for (let n = 0; n < batch; n++) {
      let position = random.below(total)
      const index = firstAbove(ends, position)
      const { bicubic, truth } = examples[index]
      const { width } = bicubic
      position -= ends[index - 1] ?? 0
      const across = width - patch + 1
      const corner = Math.floor(position / across) * width + (position % across)
      const symmetry = random.below(8)

      const input = n * patch * patch
      const target = n * targetSide * targetSide
      const centre = corner + halo * width + halo
      copySquare(bicubic.data, width, corner, patch, 1, symmetry, inputs, input)
      copySquare(truth, width, centre, targetSide, 255, symmetry, targets, target)
      if (residual) subtractCentre(inputs, input, patch, targets, target, targetSide)
    }
    return { inputs, targets }
  }
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
