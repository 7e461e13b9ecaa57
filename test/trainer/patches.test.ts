import { expect, test } from 'vitest'
import { modcrop } from '../../worker/image/plane.ts'
import { bicubicOf, type InputKind, truthOf } from '../../trainer/degrade.ts'
import { createSampler, type PatchOptions, prepareExamples } from '../../trainer/patches.ts'
import { drawPicture } from './pictures.ts'

const PATCH = 15
const HALO = 4
const TARGET = PATCH - 2 * HALO
const OPTIONS: PatchOptions = { batch: 24, patch: PATCH, halo: HALO, residual: false, uint8Share: 0, seed: 5 } // prettier-ignore
const picture = drawPicture(43, 38, 2)

// One picture at its own size only, so that patches can be looked up in it.
const examples = prepareExamples(picture, 3, PATCH).slice(0, 1)

test.each<InputKind>(['float', 'uint8'])(
  'every %s patch lies somewhere in the picture, turned, with its target in its middle',
  (kind) => {
    const options = { ...OPTIONS, uint8Share: kind === 'uint8' ? 1 : 0 }
    const { inputs, targets } = createSampler(examples, options)(0)
    const bicubic = bicubicOf(picture, 3, kind)
    const truth = modcrop(truthOf(picture), 3)
    const turns = new Set<number>()
    for (let n = 0; n < OPTIONS.batch; n++) {
      const input = inputs.subarray(n * PATCH ** 2, (n + 1) * PATCH ** 2)
      const target = targets.subarray(n * TARGET ** 2, (n + 1) * TARGET ** 2)
      const found = SYMMETRIES.flatMap((turn, symmetry) => {
        const place = findSquare(bicubic, PATCH, turn(input, PATCH))
        return place ? [{ symmetry, turn, ...place }] : []
      })
      expect(found.length).toBeGreaterThan(0)
      const matches = found.filter(({ turn, x, y }) =>
        isAt(truth, x + HALO, y + HALO, TARGET, turn(target, TARGET)),
      )
      expect(matches.length).toBeGreaterThan(0)
      turns.add(matches[0].symmetry)
    }
    expect(turns.size).toBeGreaterThan(5) // of 8, in 24 draws
  },
)

test('a residual target is the truth minus the middle of the input', () => {
  const plain = createSampler(examples, OPTIONS)(3)
  const residual = createSampler(examples, { ...OPTIONS, residual: true })(3)
  expect(residual.inputs).toEqual(plain.inputs)
  const [n, y, x] = [7, 3, 5]
  const middle = plain.inputs[(n * PATCH + y + HALO) * PATCH + x + HALO]
  const i = (n * TARGET + y) * TARGET + x
  expect(residual.targets[i]).toBe(Math.fround(plain.targets[i] - middle))
})

test('a batch depends on seed and step alone', () => {
  const copy = (options: PatchOptions, steps: number[]) => {
    const sample = createSampler(examples, options)
    return steps.map((step) => sample(step).inputs.slice()).at(-1)
  }
  const batch = copy(OPTIONS, [9])
  expect(copy(OPTIONS, [0, 1, 2, 9])).toEqual(batch)
  expect(copy(OPTIONS, [8])).not.toEqual(batch)
  expect(copy({ ...OPTIONS, seed: 6 }, [9])).not.toEqual(batch)
})

test('about the asked share of patches comes from 8-bit pictures', () => {
  const floats = createSampler(examples, OPTIONS)(0).inputs.slice()
  const mixed = createSampler(examples, { ...OPTIONS, uint8Share: 0.5 })(0).inputs
  const same = Array.from({ length: OPTIONS.batch }, (_, n) => n).filter((n) => floats[n * PATCH ** 2] === mixed[n * PATCH ** 2]) // prettier-ignore
  expect(same.length).toBeGreaterThan(4)
  expect(same.length).toBeLessThan(20)
})

test('a picture gives as many sizes as still hold a patch', () => {
  expect(prepareExamples(drawPicture(100, 100, 1), 2, 33)).toHaveLength(5)
  expect(prepareExamples(drawPicture(45, 100, 1), 2, 33)).toHaveLength(3) // 45, 40.5 and 36 hold 34
  expect(prepareExamples(drawPicture(33, 100, 1), 2, 33)).toHaveLength(0)
})

type Turn = (square: Float32Array, side: number) => Float32Array

function turnBy(from: (x: number, y: number, last: number) => [number, number]): Turn {
  return (square, side) =>
    square.map((_, i) => {
      const [x, y] = from(i % side, Math.floor(i / side), side - 1)
      return square[y * side + x]
    })
}

const SYMMETRIES = [
  turnBy((x, y) => [x, y]),
  turnBy((x, y, last) => [last - x, y]),
  turnBy((x, y, last) => [x, last - y]),
  turnBy((x, y, last) => [last - x, last - y]),
  turnBy((x, y) => [y, x]),
  turnBy((x, y, last) => [last - y, x]),
  turnBy((x, y, last) => [y, last - x]),
  turnBy((x, y, last) => [last - y, last - x]),
]

interface Grid {
  readonly width: number
  readonly height: number
  readonly data: Float32Array
}

function isAt(plane: Grid, x: number, y: number, side: number, square: Float32Array): boolean {
  return square.every((v, i) => {
    const at = (y + Math.floor(i / side)) * plane.width + x + (i % side)
    return Math.abs(plane.data[at] - v) < 1e-6
  })
}

function findSquare(plane: Grid, side: number, square: Float32Array) {
  for (let y = 0; y + side <= plane.height; y++) {
    for (let x = 0; x + side <= plane.width; x++) {
      if (isAt(plane, x, y, side, square)) return { x, y }
    }
  }
  return undefined
}
