// The JPEG codec by rows: planes in and out, scales, and pictures whose tokens do not fit into memory.
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { CodecError } from '../../../worker/codec/error.ts'
import { readHeader } from '../../../worker/codec/header.ts'
import { createInstances } from '../../../worker/codec/instance.ts'
import {
  type BlockSide,
  createJpegDecoder,
  createJpegDecoderModule,
  type JpegDecoder,
} from '../../../worker/codec/jpeg/decoder.ts'
import {
  createJpegEncoder,
  createJpegEncoderModule,
  type JpegEncoder,
  type JpegSettings,
} from '../../../worker/codec/jpeg/encoder.ts'
import type { Rgba } from '../../../worker/image/plane.ts'
import { createRandom } from '../../../worker/image/prng.ts'
import { loadCodecModules } from '../../../worker/platform/nodeFiles.ts'
import { codec, decode, decodeBySharp, difference, gradient, sharpOf } from '../../support/pictures/codec.ts'
import { type FileComponent, writeJpegFile } from '../../support/pictures/jpegFile.ts'

const { jpegDecoder, jpegEncoder } = await loadCodecModules()
const instances = createInstances()

function encodeRows(settings: Partial<JpegSettings>, picture: Rgba, feed: (encoder: JpegEncoder) => void) {
  const { width, height } = picture
  const variant = { subsampling: '4:2:0', steps: 'robidoux' } as const
  return instances.run(createJpegEncoderModule, jpegEncoder, (module) => {
    const encoder = createJpegEncoder(module, { width, height, quality: 90, grey: false, variant, ...settings })
    feed(encoder)
    return encoder.finish()
  })
}

interface WholePlane {
  readonly width: number
  readonly height: number
  readonly data: Uint8Array
}

/** Decodes a file to whole planes. */
function planesOf(file: Uint8Array, side: BlockSide = 8): Promise<WholePlane[]> {
  return instances.run(createJpegDecoderModule, jpegDecoder, (module) => collect(createJpegDecoder(module, file, side)))
}

function collect(decoder: JpegDecoder): WholePlane[] {
  const rows: number[][][] = []
  for (const band of decoder.planes()) {
    for (const [i, { data, width, stride, rows: count }] of (band ?? []).entries()) {
      rows[i] ??= []
      for (let y = 0; y < count; y++) rows[i].push([...data.subarray(y * stride, y * stride + width)])
    }
  }
  return rows.map((plane) => ({ width: plane[0].length, height: plane.length, data: Uint8Array.from(plane.flat()) }))
}

/** Returns the largest difference between samples and what is expected at their indices. */
function largestError(samples: Uint8Array, expected: (index: number) => number): number {
  let most = 0
  for (let i = 0; i < samples.length; i++) most = Math.max(most, Math.abs(samples[i] - expected(i)))
  return most
}

describe('rows of RGBA', () => {
  const picture = gradient(75, 53)

  test('may come in portions of any size', async () => {
    const whole = await encodeRows({}, picture, (encoder) => encoder.takeRgba(picture.data))
    const random = createRandom(4)
    const apart = await encodeRows({}, picture, (encoder) => {
      for (let row = 0; row < 53;) {
        const end = Math.min(53, row + random.below(20))
        encoder.takeRgba(picture.data.subarray(4 * 75 * row, 4 * 75 * end))
        row = end
      }
    })
    expect(apart).toEqual(whole)
    expect(whole).toEqual(await codec.encode(picture, { format: 'jpeg', quality: 90 }))
  })

  test.each([
    ['too few', 52],
    ['too many', 54],
  ])('that are %s are refused', async (_, rows) => {
    const pixels = new Uint8Array(4 * 75 * rows)
    await expect(encodeRows({}, picture, (encoder) => encoder.takeRgba(pixels))).rejects.toThrow(CodecError)
  })
})

describe('rows of planes', () => {
  test.each([
    ['4:2:0', false],
    ['4:4:4', false],
    ['4:2:0', true],
  ] as const)('are encoded as they are decoded, with %s, grey: %s', async (subsampling, grey) => {
    for (const [width, height] of [
      [75, 53],
      [16, 16],
      [1, 1],
      [33, 9],
    ]) {
      const picture = gradient(width, height)
      const variant = { subsampling, steps: 'annex-k' } as const
      const settings = { quality: 100, grey, variant }
      const first = await encodeRows(settings, picture, (encoder) => encoder.takeRgba(picture.data))
      const planes = await planesOf(first)
      expect(planes).toHaveLength(grey ? 1 : 3)
      const again = await encodeRows(settings, picture, (encoder) =>
        encoder.takePlanes({ rows: height, planes: planes.map(({ data }) => data) }),
      )
      const [a, b] = [planes, await planesOf(again)]
      for (const [i, { data }] of a.entries()) expect(largestError(data, (j) => b[i].data[j])).toBeLessThanOrEqual(2)
    }
  })

  test('must come in whole bands', async () => {
    const picture = gradient(40, 40)
    const planes = [new Uint8Array(1600), new Uint8Array(400), new Uint8Array(400)]
    const feed = (encoder: JpegEncoder) => encoder.takePlanes({ rows: 20, planes })
    await expect(encodeRows({}, picture, feed)).rejects.toThrow('multiple of 16 rows')
  })
})

describe('a picture whose tokens exceed the limit', () => {
  const random = createRandom(8)
  const side = 1100
  const data = Uint8Array.from({ length: 4 * side * side }, (_, i) => (i % 4 === 3 ? 255 : random.below(256)))
  const noise = { width: side, height: side, data }

  test('is a valid file with the same pixels, and takes little more memory than the limit', async () => {
    let memory = 0
    const file = await instances.run(createJpegEncoderModule, jpegEncoder, (module) => {
      const variant = { subsampling: '4:4:4', steps: 'annex-k' } as const
      const encoder = createJpegEncoder(module, { width: side, height: side, quality: 95, grey: false, variant })
      encoder.takeRgba(data)
      const whole = encoder.finish()
      memory = module.memory.buffer.byteLength
      return whole
    })
    const strict = await sharp(file, { failOn: 'warning' }).ensureAlpha().raw().toBuffer()
    expect(difference(await decode(file), { ...noise, data: strict }).color).toBeLessThanOrEqual(3)
    const squares = data.reduce((sum, value, i) => sum + (value - strict[i]) ** 2, 0)
    expect(squares / data.length).toBeLessThan(20) // the variance of the noise is 5,400
    expect(memory).toBeLessThan(8 * 2 ** 20)
    const optimal = await sharpOf(noise)
      .jpeg({ quality: 95, chromaSubsampling: '4:4:4', optimizeCoding: true, mozjpeg: false })
      .toBuffer()
    expect(file.length).toBeLessThan(1.02 * optimal.length)
  })
})

describe('a smaller scale', () => {
  const picture = gradient(171, 119)

  test.each([
    [4, 86, 60],
    [2, 43, 30],
    [1, 22, 15],
  ] as const)('with %i samples for each 8 gives the means of the full planes', async (side, width, height) => {
    for (const progressive of [false, true]) {
      const file = await sharpOf(picture).jpeg({ quality: 95, progressive, chromaSubsampling: '4:4:4' }).toBuffer()
      const [full, small] = [await planesOf(file), await planesOf(file, side)]
      const factor = 8 / side
      for (const [i, { data }] of small.entries()) {
        expect([small[i].width, small[i].height]).toEqual([width, height])
        const meanOf = (index: number) => {
          const [x, y] = [index % width, Math.floor(index / width)]
          let sum = 0
          for (let j = 0; j < factor * factor; j++) {
            sum += full[i].data[(y * factor + Math.floor(j / factor)) * 171 + x * factor + (j % factor)]
          }
          return sum / factor ** 2
        }
        // The last column and the last row stand for fewer samples.
        const isWhole = (index: number) => index % width < width - 1 && index < width * (height - 1)
        expect(largestError(data, (index) => (isWhole(index) ? meanOf(index) : data[index]))).toBeLessThan(6)
      }
    }
  })

  test('is the same for a progressive file and for the sequential file of the same coefficients', async () => {
    const make = (progressive: boolean) =>
      sharpOf(picture).jpeg({ quality: 80, progressive, mozjpeg: false }).toBuffer()
    const [sequential, progressive] = [await make(false), await make(true)]
    for (const side of [8, 4, 2, 1] as const)
      expect(await planesOf(progressive, side)).toEqual(await planesOf(sequential, side))
  })
})

/** Behind this segment, libjpeg returns the planes as if they were red, green and blue. */
const UNTRANSFORMED = Uint8Array.from(Buffer.from('ffee000e41646f626500640000000000', 'hex'))

/** Components with sampling factors like '41', 4 across and 1 down. */
function componentsOf(factors: readonly string[]): FileComponent[] {
  return factors.map((text, i) => {
    const [across, down] = [Number(text[0]), Number(text[1])]
    return { id: i + 1, across, down, sample: (x, y) => 128 + 100 * Math.sin((x * (i + 2)) / (4 * across) + y / 9) }
  })
}

describe('the planes of a file are within one level of those of libjpeg-turbo', () => {
  test('at equal sampling', async () => {
    const file = await sharpOf(gradient(93, 61)).jpeg({ quality: 85, chromaSubsampling: '4:4:4' }).toBuffer()
    const rest = file.subarray(file[3] === 0xe0 ? 4 + file.readUInt16BE(4) : 2)
    const { data } = await decodeBySharp(Buffer.concat([file.subarray(0, 2), UNTRANSFORMED, rest]))
    for (const [i, plane] of (await planesOf(new Uint8Array(file))).entries()) {
      expect(largestError(plane.data, (j) => data[4 * j + i])).toBeLessThanOrEqual(1)
    }
  })

  // libjpeg repeats the samples of these factors, so its pixels contain the samples.
  test.each([
    ['4:1:1', ['41', '11', '11']],
    ['4:1:0', ['42', '11', '11']],
    ['thirds across', ['31', '11', '11']],
    ['thirds down', ['13', '11', '11']],
    ['thirds both ways', ['33', '11', '11']],
    ['quarters both ways', ['44', '11', '11']],
    ['quarters and halves', ['41', '21', '11']],
    ['luma at a quarter', ['11', '41', '41']],
  ])('with %s', async (_, factors) => {
    for (let side = 1; side <= 17; side++) {
      const [width, height] = [side, 18 - side]
      const components = componentsOf(factors)
      const scans = components.map((__, i) => ({ components: [i] }))
      const file = writeJpegFile({ width, height, components, scans, segments: [UNTRANSFORMED] })
      const { data } = await decodeBySharp(file)
      const most = [0, 1].map((axis) => Math.max(...factors.map((text) => Number(text[axis]))))
      for (const [i, plane] of (await planesOf(file)).entries()) {
        const [across, down] = [most[0] / components[i].across, most[1] / components[i].down]
        if (across === 2 || down === 2) continue // libjpeg interpolates these
        const pixels = Uint8Array.from({ length: width * height }, (__, j) => data[4 * j + i])
        const sampleAt = (j: number) => {
          const [x, y] = [j % width, Math.floor(j / width)]
          return plane.data[Math.floor(y / down) * plane.width + Math.floor(x / across)]
        }
        expect(largestError(pixels, sampleAt)).toBeLessThanOrEqual(1)
      }
    }
  })
})

test('the planes of components with fractional sampling, which libjpeg-turbo refuses, are those that were written', async () => {
  for (const factors of [
    ['32', '21', '11'],
    ['23', '12', '32'],
    ['43', '34', '11'],
  ]) {
    const components = componentsOf(factors)
    const scans = components.map((_, i) => ({ components: [i] }))
    const file = writeJpegFile({ width: 50, height: 35, components, scans, step: 1 })
    for (const [i, { data, width }] of (await planesOf(file)).entries()) {
      const sampleAt = (j: number) => components[i].sample(j % width, Math.floor(j / width))
      expect(largestError(data, sampleAt)).toBeLessThanOrEqual(2)
    }
    expect(await decode(file)).toMatchObject({ width: 50, height: 35 })
  }
})

test.each([
  [65_500, 3],
  [3, 65_500],
])('a picture of %i x %i pixels is decoded like by libjpeg-turbo', async (width, height) => {
  const create = { width, height, channels: 3, background: '#4a7' } as const
  for (const progressive of [false, true]) {
    const file = await sharp({ create }).jpeg({ progressive }).toBuffer()
    expect(difference(await decode(file), await decodeBySharp(file)).color).toBeLessThanOrEqual(3)
  }
})

test('a file in one scan keeps no coefficients; a progressive file states how many bytes they take', async () => {
  const make = (progressive: boolean) => sharpOf(gradient(160, 96)).jpeg({ progressive }).toBuffer()
  expect(readHeader(await make(false)).coefficientBytes).toBe(0)
  expect(readHeader(await make(true)).coefficientBytes).toBe(10 * 6 * 6 * 136)
})
