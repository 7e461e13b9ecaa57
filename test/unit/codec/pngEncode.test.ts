// The PNG encoder: every file is compared with what libvips reads and what zlib inflates.
import sharp from 'sharp'
import { inflateSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { concat } from '../../../worker/base/concat.ts'
import { crc32 } from '../../../worker/codec/crc32.ts'
import { CodecError } from '../../../worker/codec/error.ts'
import { pngChunks } from '../../../worker/codec/header/png.ts'
import { createInstances } from '../../../worker/codec/instance.ts'
import { encodePng } from '../../../worker/codec/png.ts'
import {
  createPngEncoder,
  createPngEncoderModule,
  type PngEncoder,
  type PngSettings,
} from '../../../worker/codec/png/encoder.ts'
import type { Rgba } from '../../../worker/image/plane.ts'
import { createRandom, type Random } from '../../../worker/image/prng.ts'
import { rowsOf } from '../../../worker/image/rows.ts'
import { loadCodecModules } from '../../../worker/platform/nodeFiles.ts'
import { gradient, iccOf, sharpOf } from '../../support/pictures/codec.ts'

const { pngEncoder } = await loadCodecModules()
const instances = createInstances()

const LAYOUTS = [
  { grey: true, alpha: false },
  { grey: true, alpha: true },
  { grey: false, alpha: false },
  { grey: false, alpha: true },
] as const
type Layout = (typeof LAYOUTS)[number]

type Sample = (x: number, y: number, channel: number) => number

/** Kinds of content, by name. */
const CONTENTS: Readonly<Record<string, (random: Random) => Sample>> = {
  photo: (random) => (x, y, c) => 128 + 90 * Math.sin((x + 2 * y) / 17 + c) + 12 * random.next(),
  noise: (random) => () => random.below(256),
  'noise of few levels': (random) => () => 100 + random.below(3),
  flat: () => (_x, _y, c) => 40 * c + 7,
  text: (random) => {
    const glyphs = Array.from({ length: 8 }, () => Array.from({ length: 64 }, () => (random.below(3) === 0 ? 20 : 250)))
    return (x, y) => glyphs[((x >> 3) * 5 + (y >> 3) * 3) & 7][(y & 7) * 8 + (x & 7)]
  },
}

/** Returns a picture in RGBA that the layout can store. */
function draw(width: number, height: number, sample: Sample, { grey, alpha }: Layout): Rgba {
  const data = new Uint8ClampedArray(4 * width * height)
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i += 4) {
      const red = sample(x, y, 0)
      data[i] = red
      data[i + 1] = grey ? red : sample(x, y, 1)
      data[i + 2] = grey ? red : sample(x, y, 2)
      data[i + 3] = alpha ? sample(x, y, 3) : 255
    }
  }
  return { width, height, data }
}

function encode(
  { width, height, data }: Rgba,
  settings: Partial<PngSettings>,
  feed = (encoder: PngEncoder) => encoder.takeRgba(data),
): Promise<Uint8Array> {
  return instances.run(createPngEncoderModule, pngEncoder, (module) => {
    const encoder = createPngEncoder(module, { width, height, grey: false, alpha: false, ...settings })
    feed(encoder)
    return encoder.finish()
  })
}

/** Checks the chunks and the stream of a file, and compares its pixels, as libvips decodes them, with `picture`. */
async function expectFile(file: Uint8Array, { width, height, data }: Rgba, { grey, alpha }: Layout): Promise<void> {
  const chunks = [...pngChunks(file)]
  expect(chunks.reduce((sum, { whole }) => sum + whole.length, 8)).toBe(file.length)
  for (const { whole } of chunks) {
    const checksum = new DataView(whole.buffer, whole.byteOffset).getUint32(whole.length - 4)
    expect(checksum).toBe(crc32([whole.subarray(4, -4)]))
  }
  expect([...new Set(chunks.map(({ type }) => type))]).toEqual(
    ['IHDR', 'iCCP', 'IDAT', 'IEND'].filter((type) => type !== 'iCCP' || chunks.some((chunk) => chunk.type === 'iCCP')),
  )
  const stride = (grey ? 1 : 3) + (alpha ? 1 : 0)
  // Checks Adler-32 as well.
  const rows = inflateSync(concat(chunks.filter(({ type }) => type === 'IDAT').map((chunk) => chunk.data)))
  expect(rows.length).toBe(height * (1 + stride * width))
  const pipeline = sharp(file, { failOn: 'warning', ignoreIcc: true })
  expect((await pipeline.metadata()).channels).toBe(stride)
  const seen = await pipeline.toColourspace('srgb').ensureAlpha().raw().toBuffer()
  expect(seen.equals(new Uint8Array(data.buffer, data.byteOffset, data.length))).toBe(true)
}

describe.each(Object.entries(CONTENTS))('a picture of %s is decoded without loss', (_, content) => {
  test.each(LAYOUTS)('grey: $grey, alpha: $alpha', async (layout) => {
    const random = createRandom(3)
    for (const [width, height] of [
      [1, 1],
      [2, 3],
      [3, 1],
      [1, 40],
      [5, 7],
      [15, 16],
      [16, 15],
      [17, 33],
      [63, 5],
      [101, 67],
      [333, 211],
    ]) {
      const picture = draw(width, height, content(random), layout)
      await expectFile(await encode(picture, layout), picture, layout)
    }
  })

  test.each([
    [40_003, 9],
    [3, 30_011],
    [1201, 907],
  ])('of %i x %i pixels', async (width, height) => {
    const layout = { grey: false, alpha: false } as const
    const picture = draw(width, height, content(createRandom(9)), layout)
    await expectFile(await encode(picture, layout), picture, layout)
  })
})

test('a picture that changes its kind from row to row is decoded without loss', async () => {
  const random = createRandom(12)
  const samples = Object.values(CONTENTS).map((content) => content(random))
  const layout = { grey: false, alpha: true } as const
  const picture = draw(500, 900, (x, y, c) => samples[(y >> 5) % samples.length](x, y, c), layout)
  await expectFile(await encode(picture, layout), picture, layout)
})

describe('rows', () => {
  const random = createRandom(5)
  const layout = { grey: false, alpha: false } as const
  const picture = draw(311, 700, CONTENTS.photo(random), layout)

  test('give the same bytes in portions of any size', async () => {
    const whole = await encode(picture, layout)
    for (const most of [1, 2, 50]) {
      const apart = await encode(picture, layout, (encoder) => {
        for (let row = 0; row < 700;) {
          const next = Math.min(700, row + 1 + random.below(most))
          encoder.takeRgba(picture.data.subarray(4 * 311 * row, 4 * 311 * next))
          row = next
        }
      })
      expect(Buffer.compare(apart, whole)).toBe(0)
    }
    const bands = [picture.data.subarray(0, 4 * 311 * 9), picture.data.subarray(4 * 311 * 9)]
    const byBands = await encodePng(instances, pngEncoder, { width: 311, height: 700, bands }, layout)
    expect(Buffer.compare(byBands, whole)).toBe(0)
  })

  test.each([
    ['too few', 699],
    ['too many', 701],
  ])('that are %s are refused', async (_, rows) => {
    const pixels = new Uint8Array(4 * 311 * rows)
    await expect(encode(picture, layout, (encoder) => encoder.takeRgba(pixels))).rejects.toThrow(CodecError)
    const bands = [pixels]
    const promise = encodePng(instances, pngEncoder, { width: 311, height: 700, bands }, layout)
    await expect(promise).rejects.toThrow(CodecError)
  })

  test('that are many take no more memory than those that are few', async () => {
    const sizes: number[] = []
    for (const height of [1, 3000]) {
      await createInstances().run(createPngEncoderModule, pngEncoder, (module) => {
        const encoder = createPngEncoder(module, { width: 500, height, ...layout })
        const pixels = new Uint8Array(4 * 500)
        for (let row = 0; row < height; row++) {
          for (let i = 0; i < pixels.length; i++) pixels[i] = random.below(256)
          encoder.takeRgba(pixels)
        }
        encoder.finish()
        sizes.push(module.memory.buffer.byteLength)
      })
    }
    expect(sizes[1]).toBe(sizes[0])
    expect(sizes[1]).toBeLessThan(2 ** 20)
  })

  test('let other work run between them, also within a band', async () => {
    const large = gradient(1000, 1500)
    let turns = 0
    let isDone = false
    const tick = () => {
      turns++
      if (!isDone) setImmediate(tick)
    }
    setImmediate(tick)
    await encodePng(instances, pngEncoder, rowsOf(large), layout)
    isDone = true
    expect(turns).toBeGreaterThanOrEqual(5)
  })
})

test('a profile is embedded byte for byte, also if it is larger than the window', async () => {
  const picture = gradient(7, 5)
  const p3 = new Uint8Array((await sharp(await sharpOf(picture).withIccProfile('p3').png().toBuffer()).metadata()).icc!)
  const random = createRandom(2)
  const long = Uint8Array.from({ length: 120_000 }, () => random.below(4))
  long.set(p3.subarray(0, 128))
  const layout = { grey: false, alpha: false } as const
  for (const icc of [p3, long]) {
    const file = await encode(picture, { ...layout, icc })
    await expectFile(file, picture, layout)
    expect(await iccOf(file)).toEqual(icc)
    expect(Buffer.compare((await sharp(file).metadata()).icc!, icc)).toBe(0)
  }
})

/** Compresses `bytes` with the deflate of the module, as the profile of a picture. */
async function deflated(bytes: Uint8Array): Promise<Uint8Array> {
  const file = await encode(gradient(300, 1), { icc: bytes })
  const { data } = [...pngChunks(file)].find(({ type }) => type === 'iCCP')!
  return data.subarray(5)
}

describe('deflate', () => {
  const bytesOf = (length: number, byte: (i: number) => number) => Uint8Array.from({ length }, (_, i) => byte(i))
  const random = createRandom(21)
  const record = bytesOf(700, () => random.below(256))
  const inputs: Record<string, Uint8Array> = {
    nothing: new Uint8Array(0),
    'one byte': Uint8Array.of(7),
    'one byte, often': new Uint8Array(500_000).fill(255),
    'random bytes': bytesOf(200_000, () => random.below(256)),
    'random bits': bytesOf(200_000, () => random.below(2)),
    'a skew distribution, whose codes would be too long': bytesOf(300_000, () =>
      Math.floor(-Math.log2(1 - random.next()) * 2),
    ),
    'matches at the largest distance': bytesOf(
      200_000,
      (i) => (((i * 2_654_435_761) >>> 9) % 251) ^ ((i % 32_768) >> 7),
    ),
    'a record that returns at all distances': concat(
      Array.from({ length: 200 }, () => [record, bytesOf(random.below(3000), () => random.below(256))]).flat(),
    ),
    'noise between zeros': bytesOf(400_000, (i) => ((i >> 14) & 1 ? random.below(256) : 0)),
    'a multiple of 65536 random bytes': bytesOf(131_072, () => random.below(256)),
  }
  test.each(Object.entries(inputs))('of %s is inflated by zlib', async (_, bytes) => {
    expect(Buffer.compare(inflateSync(await deflated(bytes)), bytes)).toBe(0)
  })

  test('of bytes of every length up to 300 is inflated by zlib', async () => {
    for (let length = 1; length <= 300; length++) {
      const bytes = bytesOf(length, (i) => (length % 3 ? (i * i) % (1 + (length % 7)) : random.below(256)))
      expect(Buffer.compare(inflateSync(await deflated(bytes)), bytes)).toBe(0)
    }
  })

  test('of bytes that cannot be compressed adds less than 0.1 %', async () => {
    const { length } = await deflated(inputs['random bytes'])
    expect(length).toBeLessThan(200_000 * 1.001)
  })
})
