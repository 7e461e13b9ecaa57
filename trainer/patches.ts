// Batches of random patches. A batch is a pure function of seed and step: nothing of the sampler
// needs saving in a checkpoint, and no batch depends on how a run was cut into sessions.
import { lumaOf } from '../worker/image/color.ts'
import { modcrop, type Plane, type Rgba } from '../worker/image/plane.ts'
import { createRandom } from '../worker/image/prng.ts'
import { resize } from '../worker/image/resize.ts'
import { type InputKind, rescalePicture, shrinkPicture, shrinkPlane, truthOf } from './degrade.ts'
import type { Batch } from './engine/engine.ts'

/**
 * More sizes of the same pictures: edges at other widths (Timofte et al., CVPR 2016). Against size 1
 * alone, Set5 after 40,000 steps: x2 36.55 instead of 36.43 dB, x3 the same 32.49 to 32.50.
 */
const FACTORS = [1, 0.9, 0.8, 0.7, 0.6]

/**
 * One picture, degraded. What takes memory is small: truths are bytes, and the bicubic picture
 * that a network starts from is made from the small luma where a patch is cut.
 */
export interface Example {
  readonly width: number
  readonly height: number
  /** Luma in 8-bit levels, [height, width]. */
  readonly truth: Uint8Array
  /** [height / scale, width / scale], one for each kind of input. */
  readonly small: Readonly<Record<InputKind, Plane>>
}

export interface PatchOptions {
  readonly batch: number
  /** Side of an input patch. */
  readonly patch: number
  /** How much smaller a target is on each side. */
  readonly halo: number
  /** The target is what is missing to the truth instead of the truth. */
  readonly residual: boolean
  /** Share of patches, 0..1, whose input is an 8-bit picture. */
  readonly uint8Share: number
  readonly seed: number
}

/** Every picture at every factor at which it still holds a patch. */
export function prepareExamples(picture: Rgba, scale: number, patch: number): Example[] {
  return FACTORS.map((factor) => rescalePicture(picture, factor))
    .filter(({ width, height }) => Math.min(width, height) >= patch + scale - 1)
    .map((resized) => {
      const luma = truthOf(resized)
      const { width, height, data } = modcrop(luma, scale)
      const truth = new Uint8Array(data.length)
      for (let i = 0; i < data.length; i++) truth[i] = Math.round(data[i] * 255)
      const small = {
        float: shrinkPlane(luma, scale),
        uint8: lumaOf(shrinkPicture(resized, scale)),
      }
      return { width, height, truth, small }
    })
}

/** Gives the batch of a step. Its arrays are reused by the next call. */
export function createSampler(
  examples: readonly Example[],
  { batch, patch, halo, residual, uint8Share, seed }: PatchOptions,
): (step: number) => Batch {
  const targetSide = patch - 2 * halo
  const inputs = new Float32Array(batch * patch * patch)
  const targets = new Float32Array(batch * targetSide * targetSide)
  // Every position in every picture is as likely as any other.
  const ends: number[] = []
  for (const { width, height } of examples) {
    ends.push((ends.at(-1) ?? 0) + (width - patch + 1) * (height - patch + 1))
  }
  const total = ends.at(-1) ?? 0

  return (step) => {
    const random = createRandom(Math.imul(seed, 0x9e3779b1) + step)
    for (let n = 0; n < batch; n++) {
      let position = random.below(total)
      const index = firstAbove(ends, position)
      const { width, height, truth, small } = examples[index]
      position -= ends[index - 1] ?? 0
      const across = width - patch + 1
      const x = position % across
      const y = Math.floor(position / across)
      const symmetry = random.below(8)
      const kind = random.next() < uint8Share ? 'uint8' : 'float'

      const bicubic = resize(small[kind], width, height, { x, y, width: patch, height: patch })
      copySquare(bicubic.data, patch, 0, patch, 1, symmetry, inputs, n * patch * patch)
      const to = n * targetSide * targetSide
      const from = (y + halo) * width + x + halo
      copySquare(truth, width, from, targetSide, 255, symmetry, targets, to)
      if (residual) subtractCentre(inputs, n * patch * patch, patch, targets, to, targetSide)
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
