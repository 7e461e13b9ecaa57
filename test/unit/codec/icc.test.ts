// Colour profiles: which one a file has, and which one describes a PNG whose chunks say what its colours are.
import { deflateSync } from 'node:zlib'
import { latin1 } from '../../fuzz/encode.ts'
import { describe, expect, test } from 'vitest'
import { concat } from '../../../worker/base/concat.ts'
import { TooComplexError } from '../../../worker/codec/error.ts'
import { readHeader } from '../../../worker/codec/header.ts'
import { iccColorSpace, isProfile, isReadable, rgbOfGrey } from '../../../worker/codec/icc/profile.ts'
import { createRandom } from '../../../worker/image/prng.ts'
import { cHRM, cICP, gAMA, P3, patchesPng, SRGB } from '../../support/pictures/colours.ts'
import { codec, gradient, greyGradient, iccOf, sharpOf } from '../../support/pictures/codec.ts'
import {
  gammaCurve,
  greyProfile,
  iccChunk,
  iccSegment,
  parametricCurve,
  rgbProfile,
  sampledCurve,
  withSegments,
} from '../../support/pictures/icc.ts'
import { pngChunk } from '../../support/pictures/png.ts'

const profile = rgbProfile(gammaCurve(1))

describe('the coding of a PNG', () => {
  // Red, green and blue in XYZ with D50 as white, as http://www.brucelindbloom.com and Apple's profile state them.
  test.each([
    ['sRGB', SRGB, [0.4361, 0.2225, 0.0139, 0.3851, 0.7169, 0.0971, 0.1431, 0.0606, 0.7141]],
    ['Display P3', P3, [0.5151, 0.2412, -0.0011, 0.292, 0.6922, 0.0419, 0.1571, 0.0666, 0.7841]],
  ])('has the published colorants of %s', (_, chromaticities, colorants) => {
    const { coding } = readHeader(patchesPng({ before: [gAMA(0.5), cHRM(...chromaticities)] }))
    expect(coding!.curve).toEqual([2])
    for (const [i, value] of coding!.colorants.flat().entries()) expect(value).toBeCloseTo(colorants[i], 3)
  })

  test('becomes a profile that is whole, and for grey samples if the picture is grey', async () => {
    for (const [kind, space] of [
      ['rgb', 'RGB '],
      ['palette', 'RGB '],
      ['grey', 'GRAY'],
      ['greyAlpha', 'GRAY'],
    ] as const) {
      const icc = (await iccOf(patchesPng({ kind, before: [gAMA(1)] })))!
      expect([isProfile(icc), isReadable(icc), iccColorSpace(icc)]).toEqual([true, true, space])
      expect(icc.length % 4).toBe(0)
    }
  })

  test('is sRGB, so that no profile is made, if cICP says so', async () => {
    expect(await iccOf(patchesPng({ before: [cICP(1, 13, 0, 1), gAMA(1), iccChunk(profile)] }))).toBeUndefined()
  })

  test('keeps a grey picture grey in a PNG and a JPEG', async () => {
    const source = patchesPng({ kind: 'grey', before: [gAMA(1)] })
    const picture = await codec.decode(source, readHeader(source))
    for (const format of ['png', 'jpeg'] as const) {
      const file = await codec.encode(picture, { format, quality: 90, icc: await iccOf(source) })
      expect(readHeader(file).grey).toBe(true)
    }
  })
})

describe('a profile for grey samples', () => {
  test.each([
    ['of one exponent', gammaCurve(1.8)],
    ['of samples', sampledCurve((x) => x ** 1.3)],
    ['of parameters', parametricCurve(3, 2.4, 0.95, 0.05, 0.08, 0.04)],
  ])('%s becomes one for RGB with the same curve', (_, curve) => {
    const rgb = rgbOfGrey(greyProfile(curve))!
    expect([isProfile(rgb), isReadable(rgb), iccColorSpace(rgb)]).toEqual([true, true, 'RGB '])
    expect(Buffer.from(rgb).includes(Buffer.from(curve))).toBe(true)
  })

  test('becomes none if viewers apply no curve of it', () => {
    expect(rgbOfGrey(greyProfile(gammaCurve(1), { connection: 'Lab ' }))).toBeUndefined()
    const cut = greyProfile(sampledCurve((x) => x)).subarray(0, -4)
    expect(rgbOfGrey(cut)).toBeUndefined()
    expect(rgbOfGrey(cut.subarray(0, 130))).toBeUndefined()
  })
})

describe('the parts of a profile in a JPEG', async () => {
  const jpeg = new Uint8Array(await sharpOf(gradient(16, 8)).jpeg().toBuffer())
  const [head, tail] = [profile.subarray(0, 200), profile.subarray(200)]
  const other = rgbProfile(gammaCurve(3))
  const none = new Uint8Array(0)
  type Part = readonly [part: Uint8Array, number: number, count: number]
  const read = (parts: readonly Part[]) => iccOf(withSegments(jpeg, ...parts.map((part) => iccSegment(...part))))

  // Chromium draws these files in the same way (test/browser/colours.test.ts).
  test.each<[string, Part[]]>([
    [
      'if they are in order',
      [
        [head, 1, 2],
        [tail, 2, 2],
      ],
    ],
    [
      'if they are not in order',
      [
        [tail, 2, 2],
        [head, 1, 2],
      ],
    ],
    [
      'if the same profile follows',
      [
        [profile, 1, 1],
        [profile, 1, 1],
      ],
    ],
    [
      'if another profile follows',
      [
        [profile, 1, 1],
        [other, 1, 1],
      ],
    ],
    [
      'if an empty part precedes',
      [
        [none, 1, 1],
        [profile, 1, 1],
      ],
    ],
    [
      'if the last one is there twice',
      [
        [head, 1, 2],
        [tail, 2, 2],
        [tail, 2, 2],
      ],
    ],
    [
      'if parts of another count follow',
      [
        [profile, 1, 1],
        [tail, 2, 2],
      ],
    ],
  ])('make it up %s', async (_, parts) => {
    expect(await read(parts)).toEqual(profile)
  })

  test.each<[string, Part[]]>([
    [
      'if the first one is there twice',
      [
        [head, 1, 2],
        [head, 1, 2],
        [tail, 2, 2],
      ],
    ],
    ['if one is missing', [[profile, 1, 2]]],
    [
      'if they count differently',
      [
        [head, 1, 2],
        [tail, 2, 3],
      ],
    ],
    ['if there are none', [[profile, 1, 0]]],
    ['if they count from 0', [[profile, 0, 1]]],
  ])('make up none %s', async (_, parts) => {
    expect(await read(parts)).toBeUndefined()
  })

  test('do not count behind the first pixels', async () => {
    const file = concat([jpeg.subarray(0, -2), iccSegment(profile), jpeg.subarray(-2)])
    expect(await iccOf(file)).toBeUndefined()
  })
})

test('a profile for grey samples in an RGB file is dropped, even if the picture has no colour', async () => {
  const icc = greyProfile(gammaCurve(1.8))
  const grey = sharpOf(greyGradient(16, 8))
  const jpeg = new Uint8Array(await grey.clone().jpeg().toBuffer())
  expect(await iccOf(withSegments(jpeg, iccSegment(icc)))).toBeUndefined()
  expect(await iccOf(patchesPng({ kind: 'palette', before: [iccChunk(icc)] }))).toBeUndefined()
  const oneChannel = new Uint8Array(await grey.clone().toColourspace('b-w').jpeg().toBuffer())
  expect(await iccOf(withSegments(oneChannel, iccSegment(icc)))).toEqual(icc)
})

describe('a profile in a PNG', () => {
  const random = createRandom(8)
  const noise = (bytes: number) => concat([profile, Uint8Array.from({ length: bytes }, () => random.below(256))])
  const zeros = (bytes: number) => concat([profile, new Uint8Array(bytes)])
  const pngWith = (icc: Uint8Array) => patchesPng({ before: [iccChunk(icc)] })

  test('may have up to 1 MB', async () => {
    // Every 16th byte is zero, so that the deflated profile, too, is smaller than 1 MB.
    const large = noise(1_000_000 - profile.length).map((byte, i) => (i % 16 === 0 && i > profile.length ? 0 : byte))
    expect((await iccOf(pngWith(large)))!.length).toBe(1_000_000)
    await expect(iccOf(pngWith(concat([large, new Uint8Array(1)])))).rejects.toThrow(TooComplexError)
    const noisy = readHeader(pngWith(noise(1_000_000)))
    expect(noisy.obstacle).toBe('TOO_COMPLEX')
  })

  test('may be 100 kB larger than its file', async () => {
    expect((await iccOf(pngWith(zeros(100_000))))!.length).toBe(profile.length + 100_000)
    await expect(iccOf(pngWith(zeros(102_000)))).rejects.toThrow(TooComplexError)
  })

  test('of 64 MB in a chunk of 65 kB is refused, and inflated only up to the limit', async () => {
    let inflated = 0
    const { DecompressionStream: Original } = globalThis
    globalThis.DecompressionStream = class extends Original {
      constructor(format: CompressionFormat) {
        super(format)
        const counted = this.readable.pipeThrough(
          new TransformStream<Uint8Array, Uint8Array>({
            transform(bytes, controller) {
              inflated += bytes.length
              controller.enqueue(bytes as Uint8Array<ArrayBuffer>)
            },
          }),
        )
        Object.defineProperty(this, 'readable', { value: counted })
      }
    }
    try {
      const file = pngWith(zeros(64 * 2 ** 20))
      expect(file.length).toBeLessThan(70_000)
      await expect(iccOf(file)).rejects.toThrow(TooComplexError)
      expect(inflated).toBeGreaterThan(file.length)
      const portions = 2 * 16_384 // that Node has inflated and nobody has read
      expect(inflated).toBeLessThan(file.length + 100_000 + portions)
    } finally {
      globalThis.DecompressionStream = Original
    }
  })

  test('is read if bytes follow its deflated data, also over the end of a piece', async () => {
    for (const behind of [1, 4, 700, 5000]) {
      const chunk = iccChunk(profile, (deflated) => concat([deflated, new Uint8Array(behind).fill(7)]))
      expect(await iccOf(patchesPng({ before: [chunk] }))).toEqual(profile)
    }
  })

  test('is none if its data are cut short', async () => {
    const whole = deflateSync(profile).length
    for (let bytes = 0; bytes < whole - 12; bytes += 7) {
      const chunk = iccChunk(profile, (deflated) => deflated.subarray(0, bytes))
      expect(await iccOf(patchesPng({ before: [chunk] }))).toBeUndefined()
    }
  })

  test('is found behind a name of any length', async () => {
    const data = new Uint8Array(deflateSync(profile))
    for (const name of ['a', 'a'.repeat(79)]) {
      const chunk = pngChunk('iCCP', concat([latin1(`${name}\0\0`), data]))
      expect(await iccOf(patchesPng({ before: [chunk] }))).toEqual(profile)
    }
    const nameless = pngChunk('iCCP', concat([latin1('\0\0'), data]))
    expect(await iccOf(patchesPng({ before: [nameless] }))).toBeUndefined()
  })
})
