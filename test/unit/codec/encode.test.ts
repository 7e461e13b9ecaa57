import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { createCodec } from '../../../worker/codec/codec.ts'
import { ENCODE_FORMATS } from '../../../worker/codec/contract.ts'
import { CodecError } from '../../../worker/codec/error.ts'
import { readHeader } from '../../../worker/codec/header.ts'
import { iccColorSpace } from '../../../worker/codec/icc/profile.ts'
import { createInstances, type Instances } from '../../../worker/codec/instance.ts'
import { loadCodecModules } from '../../../worker/platform/nodeFiles.ts'
import { createRandom } from '../../../worker/image/prng.ts'
import type { Rgba } from '../../../worker/image/plane.ts'
import {
  codec,
  decode,
  decodeBySharp,
  difference,
  gradient,
  greyGradient,
  iccOf,
  sharpOf,
} from '../../support/pictures/codec.ts'
import { gammaCurve, greyProfile, iccChunk } from '../../support/pictures/icc.ts'
import { withChunks } from '../../support/pictures/png.ts'

const opaque = gradient(61, 43)
const translucent = gradient(61, 43, (x) => Math.min(255, 5 * x))
const grey = greyGradient(61, 43)

const encode = (picture: Rgba, format: (typeof ENCODE_FORMATS)[number], icc?: Uint8Array) =>
  codec.encode(picture, { format, quality: 90, icc })

describe('an encoded picture', () => {
  const pictures = {
    opaque,
    translucent,
    grey,
    'one pixel': gradient(1, 1),
    'one row': gradient(300, 1),
  }
  for (const [name, picture] of Object.entries(pictures)) {
    test(`in PNG format is decoded by libvips without loss: ${name}`, async () => {
      const back = await decodeBySharp(await encode(picture, 'png'))
      expect(difference(picture, back)).toEqual({ color: 0, alpha: 0 })
    })

    // At quality 90 with 4:2:0 chroma, lossy formats change the pixels of these smooth pictures by less than 40 levels.
    test(`in WebP format is decoded by libvips with lossless alpha: ${name}`, async () => {
      const back = await decodeBySharp(await encode(picture, 'webp'))
      expect(difference(picture, back)).toEqual({
        color: expect.toSatisfy((levels) => levels < 40),
        alpha: 0,
      })
    })

    test(`in JPEG format is decoded by libvips as the picture on a white background: ${name}`, async () => {
      const onWhite = {
        ...picture,
        data: picture.data.map((value, i) => {
          const alpha = picture.data[i | 3]
          return i % 4 === 3 ? 255 : Math.round((value * alpha + 255 * (255 - alpha)) / 255)
        }),
      }
      const back = await decodeBySharp(await encode(picture, 'jpeg'))
      expect(difference(onWhite, back)).toEqual({
        color: expect.toSatisfy((levels) => levels < 40),
        alpha: 0,
      })
    })
  }

  test('has only as many channels as it needs', async () => {
    const channels = async (picture: Rgba, format: (typeof ENCODE_FORMATS)[number]) =>
      (await sharp(await encode(picture, format)).metadata()).channels
    const faint = { ...grey, data: grey.data.map((value, i) => (i % 4 === 3 ? 99 : value)) }
    expect(await channels(opaque, 'png')).toBe(3)
    expect(await channels(translucent, 'png')).toBe(4)
    expect(await channels(grey, 'png')).toBe(1)
    expect(await channels(faint, 'png')).toBe(2)
    expect(await channels(grey, 'jpeg')).toBe(1)
    expect(await channels(opaque, 'jpeg')).toBe(3)
    expect(await channels(opaque, 'webp')).toBe(3)
    expect(await channels(translucent, 'webp')).toBe(4)
  })

  test('takes more bytes at a higher quality', async () => {
    for (const format of ['jpeg', 'webp'] as const) {
      const low = await codec.encode(opaque, { format, quality: 40 })
      const high = await codec.encode(opaque, { format, quality: 95 })
      expect(high.length).toBeGreaterThan(low.length)
    }
  })
})

describe('a large JPEG', () => {
  const random = createRandom(5)
  const noise = (picture: Rgba): Rgba => ({
    ...picture,
    data: picture.data.map((value, i) => (i % 4 === 3 ? 255 : value * 0.7 + random.next() * 60)),
  })
  // Each picture is encoded in several turns and ends in the middle of a block.
  test.each([
    ['in colour', noise(gradient(1001, 1203))],
    ['in grey', greyGradient(1001, 1203)],
    ['very wide', gradient(20_000, 37)],
  ])('is a valid file, about as accurate and as small as libjpeg’s: %s', async (_, picture) => {
    const file = await codec.encode(picture, { format: 'jpeg', quality: 85 })
    const back = await sharp(file, { failOn: 'warning' }).toColourspace('srgb').ensureAlpha().raw().toBuffer()
    const own = await sharpOf(picture).jpeg({ quality: 85, mozjpeg: false }).toBuffer()
    const ownBack = await decodeBySharp(own)
    expect(meanSquareError(picture.data, back)).toBeLessThan(1.5 * meanSquareError(picture.data, ownBack.data) + 0.5)
    expect(file.length).toBeLessThan(1.05 * own.length)
  })

  test('is a valid file, about as accurate as libjpeg’s: with chroma at full size', async () => {
    const picture = noise(gradient(1001, 603))
    const own = await sharpOf(picture).jpeg({ quality: 85, mozjpeg: false, chromaSubsampling: '4:4:4' }).toBuffer()
    const jpeg = { subsampling: '4:4:4', steps: 'annex-k' } as const
    const file = await codec.encode(picture, { format: 'jpeg', quality: 85, jpeg })
    const strict = sharp(file, { failOn: 'warning' })
    expect(await strict.metadata()).toMatchObject({ chromaSubsampling: '4:4:4' })
    const back = await strict.ensureAlpha().raw().toBuffer()
    const ownBack = await decodeBySharp(own)
    expect(meanSquareError(picture.data, back)).toBeLessThan(1.5 * meanSquareError(picture.data, ownBack.data) + 0.5)
  })
})

function meanSquareError(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += (a[i] - b[i]) ** 2
  return sum / a.length
}

describe('libwebp decodes the alpha of an encoded WebP without loss', () => {
  const random = createRandom(7)
  const masks: [string, (x: number, y: number) => number][] = [
    ['a step', (x) => (x < 100 ? 0 : 255)],
    ['a soft circle', (x, y) => 255 / (1 + Math.exp(Math.hypot(x - 130, y - 90) - 70))],
    ['a ramp', (x, y) => (x + y) / 2],
    ['noise', () => 256 * random.next()],
    ['almost opaque', (x, y) => (x === 40 && y === 7 ? 254 : 255)],
    ['wholly transparent', () => 0],
  ]
  test.each(masks)('%s', async (_, alphaAt) => {
    const picture = gradient(257, 181, alphaAt)
    const file = await encode(picture, 'webp')
    for (const back of [await decode(file), await decodeBySharp(file)]) {
      expect(back.data.every((value, i) => i % 4 !== 3 || value === picture.data[i])).toBe(true)
    }
    const own = await sharpOf(picture).webp({ quality: 90, effort: 2 }).toBuffer()
    expect(file.length).toBeLessThan(1.2 * own.length + 100)
  })
})

describe('a colour profile', async () => {
  const p3Png = await sharpOf(opaque).withIccProfile('p3').png().toBuffer()
  const p3 = (await iccOf(p3Png))!
  const greyIcc = greyProfile(gammaCurve(1.8))

  test('that readIcc returns equals the one that libvips finds in the file', async () => {
    expect(p3).toEqual(new Uint8Array((await sharp(p3Png).metadata()).icc!))
  })

  for (const from of ENCODE_FORMATS) {
    test.each(ENCODE_FORMATS)(`is copied byte for byte from ${from} to %s`, async (to) => {
      const source = await sharpOf(translucent).withIccProfile('p3').toFormat(from).toBuffer()
      const header = readHeader(source)
      const icc = await iccOf(source)
      expect(icc).toEqual(p3)
      const file = await encode(await codec.decode(source, header), to, icc)
      expect(await iccOf(file)).toEqual(p3)
      expect(new Uint8Array((await sharp(file).metadata()).icc!)).toEqual(p3)
      const expected = await encode(await codec.decode(source, header), to)
      expect(difference(await decodeBySharp(file), await decodeBySharp(expected))).toEqual({
        color: 0,
        alpha: 0,
      })
    })
  }

  test('of 200 kB is split into several segments of a JPEG', async () => {
    const random = createRandom(3)
    const long = Buffer.from(Uint8Array.from({ length: 200_000 }, () => random.below(256)))
    long.set(p3.subarray(0, 128))
    for (const format of ENCODE_FORMATS) {
      const file = await encode(opaque, format, long)
      expect(long.equals((await iccOf(file))!)).toBe(true)
      expect(long.equals((await sharp(file).metadata()).icc!)).toBe(true)
    }
  })

  test('for RGB samples makes the encoder store a grey picture as RGB', async () => {
    for (const format of ['png', 'jpeg'] as const) {
      const file = await encode(grey, format, p3)
      expect(readHeader(file).grey).toBe(false)
      expect(await iccOf(file)).toEqual(p3)
    }
  })

  test('for grey samples is embedded only in a file with grey samples; other files get one for RGB', async () => {
    for (const format of ['png', 'jpeg'] as const) {
      expect(await iccOf(await encode(grey, format, greyIcc))).toEqual(greyIcc)
      const file = await encode(opaque, format, greyIcc)
      expect(iccColorSpace((await iccOf(file))!)).toBe('RGB ')
    }
    expect(iccColorSpace((await iccOf(await encode(grey, 'webp', greyIcc)))!)).toBe('RGB ')
  })

  test('is not read if it is corrupt or is not a profile', async () => {
    const png = await sharpOf(opaque).png().toBuffer()
    for (const chunk of [
      iccChunk(p3, () => new TextEncoder().encode('not deflate')),
      iccChunk(p3.slice().fill(65, 0, 128)),
    ]) {
      expect(await iccOf(withChunks(png, 'IDAT', [chunk]))).toBeUndefined()
    }
  })
})

test('EXIF, XMP and IPTC metadata is not written to an encoded file', async () => {
  const source = await sharpOf(opaque)
    .withExif({ IFD0: { Copyright: 'somebody' }, IFD3: { GPSLatitude: '1/1' } })
    .jpeg()
    .toBuffer()
  for (const format of ENCODE_FORMATS) {
    const { exif, xmp, iptc } = await sharp(await encode(await decode(source), format)).metadata()
    expect({ exif, xmp, iptc }).toEqual({})
  }
})

describe('encoding fails with a CodecError for', () => {
  test('a picture whose bytes do not match its size', async () => {
    const short = { ...opaque, data: opaque.data.subarray(4) }
    for (const format of ENCODE_FORMATS) await expect(encode(short, format)).rejects.toThrow(CodecError)
  })

  test('a side longer than the format allows', async () => {
    await expect(encode(gradient(16_384, 1), 'webp')).rejects.toThrow(CodecError)
    await expect(encode(gradient(10, 70_000), 'jpeg')).rejects.toThrow(CodecError)
  })
})

test.each<[string, (...given: unknown[]) => unknown]>([
  ['nothing', () => new Uint8Array(0)],
  ['garbage', () => new Uint8Array(500).fill(0xa5)],
  [
    'a picture of another size',
    () =>
      sharp({ create: { width: 61, height: 42, channels: 3, background: '#123' } })
        .webp()
        .toBuffer(),
  ],
])('encoding fails if the encoder returns %s', async (_, encodeFile) => {
  const instances: Instances = {
    ...createInstances(),
    run: async (_factory, _module, work) => work({ encode: encodeFile } as never),
  }
  const broken = createCodec(await loadCodecModules(), instances)
  await expect(broken.encode(opaque, { format: 'webp', quality: 90 })).rejects.toThrow(
    /^encoding webp (produced|failed)/,
  )
})
