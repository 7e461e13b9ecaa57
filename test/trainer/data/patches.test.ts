import { existsSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { createCodec } from '../../../worker/codec/codec.ts'
import { loadCodecModules } from '../../../worker/platform/nodeFiles.ts'
import { planeOf } from '../../../worker/engine/planes.ts'
import { depthToSpace } from '../../../worker/engine/reference.ts'
import { modcrop } from '../../../worker/image/plane.ts'
import { resize } from '../../../worker/image/resize.ts'
import { bicubicOf, type InputKind, truthOf } from '../../../trainer/data/degrade.ts'
import { prepareExamples, type Preparation } from '../../../trainer/data/examples.ts'
import { createBatch, createSampler, type PatchOptions } from '../../../trainer/data/patches.ts'
import { openPatchSource } from '../../../trainer/data/patchSource.ts'
import { maxDifference } from '../../support/engine/samples.ts'
import { drawPicture } from '../../support/pictures/edges.ts'

const PATCH = 15
const HALO = 4
const TARGET = PATCH - 2 * HALO
const OPTIONS: PatchOptions = {
  channels: 1,
  batch: 24,
  patch: PATCH,
  halo: HALO,
  enlargement: 1,
  residual: false,
  seed: 5,
  shares: [0.5, 0.5],
  sampling: 'random',
}
const picture = drawPicture(43, 38, 2)
const codec = createCodec(await loadCodecModules())
const mixed = { kind: 'clean', uint8Share: 0.5, blur: 0 } as const
const prepare = (of: typeof picture, preparation: Partial<Preparation> = {}) =>
  prepareExamples(
    of,
    { channels: 1, scale: 3, patch: PATCH, degradation: mixed, sizes: 'own', ...preparation },
    1,
    codec,
  )

// The picture is prepared at its original size only, so that the tests can find patches in it. The example has two
// versions: one from unrounded luma, one from the 8-bit picture.
const examples = await prepare(picture)

function sample(step: number, options: Partial<PatchOptions> = {}, of = examples) {
  const whole = { ...OPTIONS, ...options }
  const batch = createBatch(whole)
  createSampler([of], whole).fill(step, batch)
  return batch
}

test.each<[InputKind, number[]]>([
  ['float', [1, 0]],
  ['uint8', [0, 1]],
])(
  'every patch of %s input is a square of the picture in one of eight symmetries, and its target is the middle of that square',
  (kind, shares) => {
    const { inputs, targets } = sample(0, { shares })
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
      const matches = found.filter(({ turn, x, y }) => isAt(truth, x + HALO, y + HALO, TARGET, turn(target, TARGET)))
      expect(matches.length).toBeGreaterThan(0)
      turns.add(matches[0].symmetry)
    }
    expect(turns.size).toBeGreaterThan(5) // of 8, in 24 draws
  },
)

test('a residual target is the truth minus the middle of the input', () => {
  const plain = sample(3)
  const residual = sample(3, { residual: true })
  expect(residual.inputs).toEqual(plain.inputs)
  const [n, y, x] = [7, 3, 5]
  const middle = plain.inputs[(n * PATCH + y + HALO) * PATCH + x + HALO]
  const i = (n * TARGET + y) * TARGET + x
  expect(residual.targets[i]).toBe(Math.fround(plain.targets[i] - middle))
})

describe('for a network that enlarges', () => {
  const SIDE = 9
  const OUT = SIDE - 2 * 2
  const SUB_PIXEL = { patch: SIDE, halo: 2, enlargement: 3, shares: [1, 0] }
  const [
    {
      width,
      height,
      truth,
      versions: [small],
    },
  ] = examples
  const padded = padEdges(small, SUB_PIXEL.halo)

  test('every input is a square of the padded small picture, and its target is a rearranged square of the truth', () => {
    const { inputs, targets } = sample(0, SUB_PIXEL)
    const levels = { width, height, data: Float32Array.from(truth, (level) => level / 255) }
    const turns = new Set<number>()
    let atEdges = 0
    for (let n = 0; n < OPTIONS.batch; n++) {
      const input = inputs.subarray(n * SIDE ** 2, (n + 1) * SIDE ** 2)
      const target = {
        channels: 9,
        width: OUT,
        height: OUT,
        data: targets.slice(n * 9 * OUT ** 2, (n + 1) * 9 * OUT ** 2),
      }
      const { data } = depthToSpace(target, 3)
      const symmetry = SYMMETRIES.findIndex((turn) => {
        const place = findSquare(padded, SIDE, turn(input, SIDE))
        return place && isAt(levels, 3 * place.x, 3 * place.y, 3 * OUT, turn(data, 3 * OUT))
      })
      expect(symmetry).not.toBe(-1)
      turns.add(symmetry)
      if (!findSquare(small, SIDE, SYMMETRIES[symmetry](input, SIDE))) atEdges++
    }
    expect(turns.size).toBeGreaterThan(5)
    expect(atEdges).toBeGreaterThan(5) // of 24; two thirds of all places reach beyond the picture
  })

  test('a picture that is no larger than a target has exactly one position for a patch', async () => {
    const tiny = await prepare(drawPicture(3 * OUT + 2, 3 * OUT + 2, 4), { patch: 3 * OUT })
    const options = { ...OPTIONS, ...SUB_PIXEL }
    expect(createSampler([tiny], options).places).toBe(1)
    const { inputs } = sample(0, SUB_PIXEL, tiny)
    expect(
      SYMMETRIES.some((turn) =>
        findSquare(padEdges(tiny[0].versions[0], 2), SIDE, turn(inputs.subarray(0, SIDE ** 2), SIDE)),
      ),
    ).toBe(true)
  })

  test('a residual target is the truth minus bicubic', () => {
    const plain = sample(3, SUB_PIXEL)
    const residual = sample(3, { ...SUB_PIXEL, residual: true })
    expect(residual.inputs).toEqual(plain.inputs)
    const bicubic = resize(small, width, height)
    const missing = { width, height, data: bicubic.data.map((v, i) => truth[i] / 255 - v) }
    for (let n = 0; n < OPTIONS.batch; n++) {
      const one = residual.targets.slice(n * 9 * OUT ** 2, (n + 1) * 9 * OUT ** 2)
      const { data } = depthToSpace({ channels: 9, width: OUT, height: OUT, data: one }, 3)
      const found = SYMMETRIES.some((turn) => findSquare(missing, 3 * OUT, turn(data, 3 * OUT)))
      expect(found).toBe(true)
    }
  })

  test('each of three channels gives the same patches that it would give as the only channel', async () => {
    const rgb = await prepare(picture, { channels: 3 })
    const { inputs, targets } = sample(2, { ...SUB_PIXEL, channels: 3, residual: true }, rgb)
    for (const c of [0, 1, 2]) {
      const alone = rgb.map(({ truth: whole, versions }) => ({
        width,
        height,
        truth: whole.slice(c * width * height, (c + 1) * width * height),
        versions: versions.map((planes) => ({ channels: 1, ...planeOf(planes, c) })),
      }))
      const single = sample(2, { ...SUB_PIXEL, residual: true }, alone)
      const of = (values: Float32Array) => {
        const area = values.length / OPTIONS.batch / 3
        return values.filter((_, i) => Math.floor(i / area) % 3 === c)
      }
      expect(of(inputs)).toEqual(single.inputs)
      expect(of(targets)).toEqual(single.targets)
    }
  })
})

test('a batch depends only on seed and step', () => {
  const options = { ...OPTIONS }
  const batch = sample(9).inputs
  const sampler = createSampler([examples], options)
  const other = createBatch(options)
  for (const step of [0, 1, 2, 9]) sampler.fill(step, other)
  expect(other.inputs).toEqual(batch)
  expect(sample(8).inputs).not.toEqual(batch)
  expect(sample(9, { seed: 6 }).inputs).not.toEqual(batch)
})

test('patches are drawn equally often from each group that is not empty, whatever its size', async () => {
  const flat = (width: number, height: number, level: number) =>
    prepare({ width, height, data: new Uint8ClampedArray(4 * width * height).fill(level) })
  const groups = [await flat(21, 21, 0), [], await flat(120, 90, 255)]
  const batch = createBatch(OPTIONS)
  const sampler = createSampler(groups, OPTIONS)
  let dark = 0
  for (let step = 0; step < 10; step++) {
    sampler.fill(step, batch)
    for (let n = 0; n < OPTIONS.batch; n++) if (batch.inputs[n * PATCH ** 2] < 0.5) dark++
  }
  expect(dark / (10 * OPTIONS.batch)).toBeCloseTo(0.5, 1)
})

test('about the requested share of patches comes from 8-bit pictures', () => {
  const floats = sample(0, { shares: [1, 0] }).inputs
  const both = sample(0).inputs
  const same = Array.from({ length: OPTIONS.batch }, (_, n) => n).filter(
    (n) => floats[n * PATCH ** 2] === both[n * PATCH ** 2],
  )
  expect(same.length).toBeGreaterThan(4)
  expect(same.length).toBeLessThan(20)
})

test('a picture is used at every size that is large enough for a patch', async () => {
  const sizes = async (width: number) => {
    const made = await prepare(drawPicture(width, 100, 1), { scale: 2, patch: 33, sizes: 'all' })
    return made.length
  }
  expect(await sizes(100)).toBe(5)
  expect(await sizes(45)).toBe(3) // 45, 40.5 and 36 are at least 34
  expect(await sizes(33)).toBe(0)
})

test('JPEG changes the input but not the target', async () => {
  const degradation = { kind: 'jpeg', qualities: [30, 40], encoder: 'mozjpeg', blur: 0 } as const
  const compressed = await prepare(picture, { degradation })
  expect(compressed[0].truth).toEqual(examples[0].truth)
  expect(compressed[0].versions).toHaveLength(4)
  const [clean] = examples[0].versions
  for (const { data } of compressed[0].versions) {
    const difference = Math.max(...data.map((v, i) => Math.abs(v - clean.data[i])))
    expect(difference).toBeGreaterThan(5 / 255)
    expect(difference).toBeLessThan(0.5)
  }
})

describe('with three channels', () => {
  const RGB = { channels: 3, residual: true }
  const { width, height } = picture
  const greys = [0, 1, 2].map((c) => ({
    width,
    height,
    data: picture.data.map((_, i, all) => (i % 4 === 3 ? 255 : all[(i & ~3) + c])),
  }))
  /** Returns one channel of [batch, channels, side, side] as [batch, side, side]. */
  const channelOf = (values: Float32Array, channel: number) => {
    const area = values.length / OPTIONS.batch / 3
    return values.filter((_, i) => Math.floor(i / area) % 3 === channel)
  }

  test('a colour channel gives the same patches as a grey picture that is made from this channel', async () => {
    const { inputs, targets } = sample(4, RGB, await prepare(picture, { channels: 3 }))
    for (const [c, grey] of greys.entries()) {
      const alone = sample(4, RGB, await prepare(grey, { channels: 3 }))
      for (const channel of [0, 1, 2]) {
        expect(channelOf(alone.inputs, channel)).toEqual(channelOf(inputs, c))
        expect(channelOf(alone.targets, channel)).toEqual(channelOf(targets, c))
      }
    }
    expect(channelOf(inputs, 0)).not.toEqual(channelOf(inputs, 1))
  })

  test('a grey picture gives the patches of its luma, converted from limited to full range', async () => {
    const rgb = sample(4, RGB, await prepare(greys[1], { channels: 3 }))
    const luma = sample(4, { residual: true }, await prepare(greys[1]))
    const gain = (65.481 + 128.553 + 24.966) / 255
    // Rounding moves the true luma by up to half a level, and the small picture by up to another half. Both errors may
    // then pass through bicubic twice (shrinking and enlarging). Each pass amplifies them by at most 1.25².
    const tolerance = (2 * 0.5 * 1.25 ** 4) / 255
    const ranged = channelOf(rgb.inputs, 0).map((v) => 16 / 255 + gain * v)
    expect(maxDifference(luma.inputs, ranged)).toBeLessThan(tolerance)
    const missing = channelOf(rgb.targets, 0).map((v) => gain * v)
    expect(maxDifference(luma.targets, missing)).toBeLessThan(2 * tolerance)
  })

  test('JPEG versions are made with the same settings as for one channel, so that their luma is the same', async () => {
    const degradation = { kind: 'jpeg', qualities: [30, 95], encoder: 'mozjpeg', blur: 0 } as const
    const [luma] = await prepare(picture, { degradation })
    const [rgb] = await prepare(picture, { degradation, channels: 3 })
    expect(rgb.versions).toHaveLength(4)
    for (const [i, { data }] of rgb.versions.entries()) {
      const area = data.length / 3
      const weighted = luma.versions[i].data.map(
        (_, p) => (16 + 65.481 * data[p] + 128.553 * data[area + p] + 24.966 * data[2 * area + p]) / 255,
      )
      expect(maxDifference(luma.versions[i].data, weighted)).toBeLessThan(1e-6) // f32
    }
  })
})

test('grid sampling takes every sub-image once, untransformed, before it repeats any sub-image', async () => {
  const grid = await prepare(drawPicture(90, 75, 3), { patch: 33 })
  const options = { ...OPTIONS, patch: 33, batch: 5, sampling: 'grid', shares: [1] } as const
  const sampler = createSampler([grid], options)
  expect(sampler.places).toBe(5 * 4) // (90 - 33) / 14 + 1, (75 - 33) / 14 + 1
  const seen = new Set<string>()
  for (let step = 0; step < 4; step++) {
    const batch = createBatch(options)
    sampler.fill(step, batch)
    for (let n = 0; n < 5; n++) seen.add(batch.targets.subarray(n * 625, (n + 1) * 625).join())
  }
  expect(seen.size).toBe(20)
})

const T91 = new URL('../../../../shared/data/T91', import.meta.url).pathname
const CLEAN = { kind: 'clean', uint8Share: 0, blur: 0 } as const
test.skipIf(!existsSync(T91)).each([
  [2, 21_910],
  [3, 21_884],
  [4, 21_772],
])(
  "at x%i the grid cuts T91 into as many sub-images as the authors' script, %i (skipped without T91)",
  async (scale, places) => {
    const source = await openPatchSource({
      ...OPTIONS,
      folders: [T91],
      scale,
      patch: 33,
      degradation: CLEAN,
      sampling: 'grid',
      holdsOut: false,
    })
    await source.close()
    expect(source.places).toBe(places)
  },
)

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

function padEdges({ data, width, height }: Grid, size: number): Grid {
  const clamp = (index: number, last: number) => Math.min(last, Math.max(0, index))
  const wide = width + 2 * size
  const values = Array.from({ length: wide * (height + 2 * size) }, (_, i) => {
    const [x, y] = [(i % wide) - size, Math.floor(i / wide) - size]
    return data[width * clamp(y, height - 1) + clamp(x, width - 1)]
  })
  return { width: wide, height: height + 2 * size, data: Float32Array.from(values) }
}

function findSquare(plane: Grid, side: number, square: Float32Array) {
  for (let y = 0; y + side <= plane.height; y++) {
    for (let x = 0; x + side <= plane.width; x++) {
      if (isAt(plane, x, y, side, square)) return { x, y }
    }
  }
  return undefined
}
