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
      for (const [i, { data }] of a.entries()) {
        for (const [j, value] of data.entries()) expect(Math.abs(value - b[i].data[j])).toBeLessThanOrEqual(2)
      }
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
        for (let y = 0; y < height - 1; y++) {
          for (let x = 0; x < width - 1; x++) {
            let sum = 0
            for (let j = 0; j < factor * factor; j++) {
              sum += full[i].data[(y * factor + Math.floor(j / factor)) * 171 + x * factor + (j % factor)]
            }
            expect(Math.abs(data[y * width + x] - sum / factor ** 2)).toBeLessThan(6)
          }
        }
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

test('the planes of a file are within one level of those of libjpeg-turbo', async () => {
  const picture = gradient(93, 61)
  const file = await sharpOf(picture).jpeg({ quality: 85, chromaSubsampling: '4:4:4', mozjpeg: false }).toBuffer()
  // Without JFIF and with an APP14 that names no transform, libjpeg returns the planes as if they were R, G and B.
  const app14 = Buffer.from('ffee000e41646f626500640000000000', 'hex')
  const hasJfif = file[3] === 0xe0
  const rest = file.subarray(hasJfif ? 4 + file.readUInt16BE(4) : 2)
  const untransformed = Buffer.concat([file.subarray(0, 2), app14, rest])
  const { data } = await decodeBySharp(untransformed)
  for (const [i, plane] of (await planesOf(new Uint8Array(file))).entries()) {
    for (const [j, value] of plane.data.entries()) expect(Math.abs(value - data[4 * j + i])).toBeLessThanOrEqual(1)
  }
  expect(readHeader(file).coefficientBytes).toBe(0)
})
