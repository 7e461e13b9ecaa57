// Runs both shrinkers against their contract, and compares the kernel with its oracle in TypeScript.
import { describe, expect, test } from 'vitest'
import { createVectorShrinker } from '../../../worker/engine/vectorShrinker.ts'
import type { Rgba } from '../../../worker/image/plane.ts'
import { createRandom, type Random } from '../../../worker/image/prng.ts'
import { collectRows, type Rows, rowsOf } from '../../../worker/image/rows.ts'
import { plainShrinker, type Shrinker } from '../../../worker/image/shrink.ts'
import { compileShrinkKernel } from '../../../worker/platform/nodeFiles.ts'
import { watchMemories } from '../../support/measure/memories.ts'

const module = compileShrinkKernel()
const vector = createVectorShrinker(module)

/** Kinds of pictures: each returns the level of a random byte of alpha or of colour. */
const KINDS: Readonly<Record<string, { alpha(random: Random): number; level(random: Random): number }>> = {
  opaque: { alpha: () => 255, level: (random) => random.below(256) },
  'opaque and extreme': { alpha: () => 255, level: (random) => 255 * random.below(2) },
  'nearly transparent': { alpha: (random) => random.below(3), level: (random) => random.below(256) },
  'of any alpha': { alpha: (random) => random.below(256), level: (random) => random.below(256) },
  'of extreme alpha': { alpha: (random) => 255 * random.below(2), level: (random) => 255 * random.below(2) },
  transparent: { alpha: () => 0, level: (random) => random.below(256) },
}

function sample(width: number, height: number, kind: string, seed = 1): Rgba {
  const random = createRandom(seed)
  const { alpha, level } = KINDS[kind]
  const data = Uint8Array.from({ length: 4 * width * height }, (_, i) => (i % 4 === 3 ? alpha : level)(random))
  return { width, height, data }
}

/** Returns an opaque picture in which a few pixels have a random alpha. */
function mostlyOpaque(width: number, height: number): Rgba {
  const picture = sample(width, height, 'opaque')
  const random = createRandom(height)
  for (let i = 0; i < 3; i++) picture.data[4 * random.below(width * height) + 3] = random.below(256)
  return picture
}

const shrunk = (shrinker: Shrinker, picture: Rgba, width: number, height: number) =>
  collectRows(shrinker.shrink(rowsOf(picture), width, height))

/**
 * Expects the bytes of `got` to differ from those of `want` by at most one, and only the fraction `share` of them to
 * differ. Where alpha is 1 in one of them, the other may be transparent.
 */
function expectBytes(got: Rgba, want: Rgba, share: number): void {
  expect([got.width, got.height, got.data.length]).toEqual([want.width, want.height, want.data.length])
  let changed = 0
  for (let p = 0; p < want.data.length; p += 4) {
    const [a, b] = [got, want].map(({ data }) => Array.from(data.subarray(p, p + 4)))
    if (a.every((level, c) => level === b[c])) continue
    changed++
    const isNearlyInvisible = a[3] + b[3] === 1
    const most = Math.max(...a.map((level, c) => (isNearlyInvisible && c < 3 ? 0 : Math.abs(level - b[c]))))
    if (most > 1) expect.fail(`${a.join(' ')} for ${b.join(' ')} at ${(p / 4) % want.width}, ${p / 4 / want.width}`)
  }
  expect(changed).toBeLessThanOrEqual(Math.ceil(share * (want.data.length / 4)))
}

const random = createRandom(5)
const side = () => 1 + random.below(150)
/** Returns the side that is left of `from` after shrinking by a random factor of 1.01 to 60. */
const part = (from: number) => Math.max(1, Math.floor(from / 1.01 / 60 ** (random.below(1000) / 1000)))
const SIZES = [
  [1, 2, 1, 1],
  [2, 1, 1, 1],
  [5, 3, 5, 1],
  [3, 5, 1, 5],
  [16, 9, 7, 4],
  [101, 100, 100, 99],
  [300, 7, 5, 7],
  [7, 300, 7, 5],
  [240, 180, 4, 3],
  [33, 21, 1, 1],
  [257, 3, 129, 2],
  ...Array.from({ length: 30 }, () => [side(), side()]).map(([width, height]) => [
    width,
    height,
    part(width),
    part(height),
  ]),
]

describe.each(SIZES)('from %i x %i to %i x %i', (width, height, outWidth, outHeight) => {
  test.each(Object.keys(KINDS))('the kernel shrinks a picture that is %s as the oracle does', async (kind) => {
    const picture = sample(width, height, kind, width + 151 * height)
    const [got, want] = [
      await shrunk(vector, picture, outWidth, outHeight),
      await shrunk(plainShrinker, picture, outWidth, outHeight),
    ]
    // A pixel is rounded differently if the exact value is near half a level, for which levels that are only 0, 1 and 2
    // or 0 and 255 are often made.
    expectBytes(got, want, kind === 'opaque' ? 2e-3 : 2e-2)
  })

  test('the kernel shrinks a picture with a few pixels that are not opaque as the oracle does', async () => {
    const picture = mostlyOpaque(width, height)
    const got = await shrunk(vector, picture, outWidth, outHeight)
    expectBytes(got, await shrunk(plainShrinker, picture, outWidth, outHeight), 2e-3)
  })
})

test('the kernel shrinks large pictures as the oracle does', async () => {
  for (const [width, height, outWidth, outHeight] of [
    [1999, 40, 1280, 26],
    [4001, 61, 67, 1],
    [30, 3001, 20, 50],
  ]) {
    const picture = mostlyOpaque(width, height)
    const want = await shrunk(plainShrinker, picture, outWidth, outHeight)
    expectBytes(await shrunk(vector, picture, outWidth, outHeight), want, 1e-3)
  }
})

describe.each([
  { name: 'the shrinker in TypeScript', shrinker: plainShrinker },
  { name: 'the shrinker on the kernel', shrinker: vector },
])('$name', ({ shrinker }) => {
  const picture = sample(53, 41, 'of any alpha')

  /** Returns the rows of `picture` in bands of `heights` rows, repeated. All bands are in the same buffer. */
  function banded({ width, height, data }: Rgba, heights: readonly number[]): Rows {
    async function* bands() {
      const buffer = new Uint8Array(4 * width * Math.max(...heights) + 3).subarray(3)
      for (let y = 0, i = 0; y < height; i++) {
        const end = Math.min(height, y + heights[i % heights.length])
        const band = buffer.subarray(0, 4 * width * (end - y))
        band.set(data.subarray(4 * width * y, 4 * width * end))
        yield await Promise.resolve(band)
        band.fill(99)
        y = end
      }
    }
    return { width, height, bands: bands() }
  }

  test('returns the rows that it is given if the size is the same', () => {
    const rows = rowsOf(picture)
    expect(shrinker.shrink(rows, 53, 41)).toBe(rows)
  })

  test.each([[[1]], [[3]], [[4]], [[1, 2, 7, 0]], [[40]]])(
    'makes the same picture from bands of %j rows as from one band',
    async (heights) => {
      const want = await shrunk(shrinker, picture, 31, 17)
      expect(await collectRows(shrinker.shrink(banded(picture, heights), 31, 17))).toEqual(want)
    },
  )

  test('makes bands of whole rows', async () => {
    let rows = 0
    for await (const band of shrinker.shrink(rowsOf(picture), 31, 17).bands) {
      expect(band.length).toBeGreaterThan(0)
      expect(band.length % (4 * 31)).toBe(0)
      rows += band.length / 4 / 31
    }
    expect(rows).toBe(17)
  })

  test('shrinks several pictures at the same time', async () => {
    const pictures = [picture, sample(90, 33, 'opaque'), sample(53, 41, 'of extreme alpha')]
    const want = []
    for (const one of pictures) want.push(await shrunk(shrinker, one, 23, 9))
    const got = pictures.map((one) => collectRows(shrinker.shrink(banded(one, [2]), 23, 9)))
    expect(await Promise.all(got)).toEqual(want)
  })

  test('ends the source and makes the next picture as before if the result is not read to its end', async () => {
    const want = await shrunk(shrinker, picture, 31, 17)
    let isEnded = false
    async function* bands() {
      try {
        yield* banded(picture, [5]).bands
      } finally {
        isEnded = true
      }
    }
    for await (const band of shrinker.shrink({ ...picture, bands: bands() }, 31, 17).bands) {
      expect(band.length).toBeGreaterThan(0)
      break
    }
    expect(isEnded).toBe(true)
    expect(await shrunk(shrinker, picture, 31, 17)).toEqual(want)
  })

  test('rejects with the error of the source, and makes the next picture as before', async () => {
    const want = await shrunk(shrinker, picture, 31, 17)
    async function* bands() {
      yield picture.data.subarray(0, 4 * 53 * 20)
      throw await Promise.resolve(new Error('cut off'))
    }
    await expect(collectRows(shrinker.shrink({ ...picture, bands: bands() }, 31, 17))).rejects.toThrow('cut off')
    expect(await shrunk(shrinker, picture, 31, 17)).toEqual(want)
  })

  test.each([
    ['too few', 40 * 53 * 4],
    ['too many', 42 * 53 * 4],
    ['parts of', 41 * 53 * 4 - 4],
  ])('rejects %s rows', async (_, bytes) => {
    const bands = [new Uint8Array(bytes)]
    const rows = shrinker.shrink({ ...picture, bands }, 31, 17)
    await expect(collectRows(rows)).rejects.toThrow('expected 41 rows of 53 pixels')
  })

  test('clamps what overshoots, and keeps pictures of one colour', async () => {
    const step = Uint8Array.from({ length: 4 * 60 * 8 }, (_, i) => (i % 4 === 3 || (i >> 2) % 60 >= 30 ? 255 : 0))
    const { data } = await shrunk(shrinker, { width: 60, height: 8, data: step }, 40, 8)
    const levels = Array.from({ length: 40 }, (_, x) => data[4 * x])
    expect(levels.slice(0, 19).every((level) => level < 3)).toBe(true)
    expect(levels.slice(21).every((level) => level > 252)).toBe(true)
    for (const alpha of [1, 127, 254, 255]) {
      const flat = Uint8Array.from({ length: 4 * 60 * 8 }, (_, i) => [200, 17, 255, alpha][i % 4])
      const small = await shrunk(shrinker, { width: 60, height: 8, data: flat }, 13, 7)
      expect(small.data.every((level, i) => level === [200, 17, 255, alpha][i % 4])).toBe(true)
    }
  })

  test('makes transparent black of transparent pixels, whatever their colour', async () => {
    const { data } = await shrunk(shrinker, sample(60, 30, 'transparent'), 21, 10)
    expect(data).toEqual(new Uint8ClampedArray(data.length))
  })
})

describe('the kernel’s memory', () => {
  test('does not leak an earlier picture into a result', async () => {
    const used = createVectorShrinker(module)
    for (const [width, height, outWidth, outHeight] of [
      [13, 5, 11, 3],
      [301, 30, 40, 30],
      [50, 301, 49, 7],
    ]) {
      for (const kind of ['opaque', 'of any alpha']) {
        await shrunk(used, sample(200, 99, 'of extreme alpha'), 130, 60)
        const picture = sample(width, height, kind)
        const want = await shrunk(createVectorShrinker(module), picture, outWidth, outHeight)
        expect(await shrunk(used, picture, outWidth, outHeight)).toEqual(want)
      }
    }
  })

  test('is dropped after a trap, and the next picture is as before', async () => {
    const picture = sample(53, 41, 'opaque')
    const want = await shrunk(vector, picture, 31, 17)
    const { Instance } = WebAssembly
    let isBroken = true
    WebAssembly.Instance = class {
      readonly exports: WebAssembly.Exports
      constructor(of: WebAssembly.Module, imports?: WebAssembly.Imports) {
        const { exports } = new Instance(of, imports)
        const down = () => {
          throw new WebAssembly.RuntimeError('unreachable')
        }
        this.exports = isBroken ? { ...exports, down } : exports
      }
    }
    try {
      const fresh = createVectorShrinker(module)
      await expect(shrunk(fresh, picture, 31, 17)).rejects.toThrow('unreachable')
      isBroken = false
      expect(await shrunk(fresh, picture, 31, 17)).toEqual(want)
    } finally {
      WebAssembly.Instance = Instance
    }
  })

  test('is kept for the next picture if it is small, else dropped', async () => {
    await watchMemories(async (memories) => {
      const fresh = createVectorShrinker(module)
      for (let i = 0; i < 3; i++) await shrunk(fresh, sample(400, 30, 'opaque'), 300, 20)
      expect(memories).toHaveLength(1)
      await shrunk(fresh, sample(20_000, 20, 'opaque'), 19_000, 4)
      expect(memories).toHaveLength(1)
      expect(memories[0].buffer.byteLength).toBeGreaterThan(4 * 1024 * 1024)
      await shrunk(fresh, sample(40, 30, 'opaque'), 30, 20)
      expect(memories).toHaveLength(2)
    })
  })
})
