// The quality of a JPEG is estimated from its quantisation tables. The tests compare each estimate with the quality
// that was set in the encoder.
import { describe, expect, test } from 'vitest'
import { concat } from '../../../worker/base/concat.ts'
import { readHeader } from '../../../worker/codec/header.ts'
import { encodeByMozJpeg } from '../../../trainer/data/mozjpeg.ts'
import { codec, gradient, greyGradient, sharpOf } from '../../support/pictures/codec.ts'

const picture = gradient(24, 16)
const byLibjpeg = (quality: number, of = sharpOf(picture)) => of.jpeg({ quality, mozjpeg: false }).toBuffer()
const jpeg = await byLibjpeg(60)
const qualityOf = (file: Uint8Array) => readHeader(file).jpegQuality

const DQT = 0xdb
const SOS = 0xda
const markerAt = (file: Uint8Array, code: number) => Buffer.from(file).indexOf(Buffer.of(0xff, code))

/** Returns a DQT segment (quantisation tables) with this content. */
function segment(...content: number[]): Uint8Array {
  const length = content.length + 2
  return Uint8Array.of(0xff, DQT, length >> 8, length & 0xff, ...content)
}
/** Returns the 64 steps of the file's first quantisation table. */
function stepsOf(file: Uint8Array): number[] {
  const at = markerAt(file, DQT) + 5
  return [...file.subarray(at, at + 64)]
}
/** Returns the file without its own DQT segments, and with `segments` right before the marker `code`. */
function withTables(file: Uint8Array, segments: readonly Uint8Array[], code = 0xc0): Uint8Array {
  let rest: Uint8Array = file
  for (let at = markerAt(rest, DQT); at >= 0; at = markerAt(rest, DQT)) {
    const end = at + 2 + ((rest[at + 2] << 8) | rest[at + 3])
    rest = concat([rest.subarray(0, at), rest.subarray(end)])
  }
  const at = markerAt(rest, code)
  return concat([rest.subarray(0, at), ...segments, rest.subarray(at)])
}

describe('the quality that was set in the encoder is read from the file', () => {
  test('exactly, for every quality of libjpeg', async () => {
    for (let quality = 1; quality <= 100; quality++) {
      expect(qualityOf(await byLibjpeg(quality))).toBe(quality)
    }
  })

  test('for progressive files, grey files, and files with chroma at full size', async () => {
    const grey = sharpOf(greyGradient(24, 16)).toColourspace('b-w')
    expect(qualityOf(await byLibjpeg(35, grey))).toBe(35)
    const options = { quality: 35, progressive: true, chromaSubsampling: '4:4:4' }
    expect(qualityOf(await sharpOf(picture).jpeg(options).toBuffer())).toBe(35)
  })

  test('for files that this project’s encoder wrote with the table of Annex K', async () => {
    for (const quality of [5, 35, 40, 45, 60, 80, 95]) {
      const variant = { subsampling: '4:2:0', steps: 'annex-k' } as const
      const file = await codec.encode(picture, { format: 'jpeg', quality, jpeg: variant })
      expect(qualityOf(file)).toBe(quality)
    }
  })
})

test('the estimate for MozJPEG’s table is near the libjpeg quality with the same PSNR', async () => {
  // Each pair consists of a MozJPEG quality and the libjpeg quality with the same PSNR (measured on Set14 at a third of
  // its size).
  const equals = [
    [20, 15],
    [40, 33],
    [60, 52],
    [80, 76],
    [95, 92],
  ]
  for (const [quality, equal] of equals) {
    const estimate = qualityOf(await encodeByMozJpeg(picture, quality, { subsampling: '4:2:0', steps: 'robidoux' }))!
    expect(Math.abs(estimate - equal)).toBeLessThanOrEqual(6)
  }
})

describe('the quality is read from the table of the first component', () => {
  const coarse = Array<number>(64).fill(255)

  test('with several tables in one segment, with one table per segment, and with tables after the frame header', () => {
    const luma = stepsOf(jpeg)
    expect(qualityOf(withTables(jpeg, [segment(1, ...coarse, 0, ...luma)]))).toBe(60)
    expect(qualityOf(withTables(jpeg, [segment(1, ...coarse), segment(0, ...luma)]))).toBe(60)
    expect(qualityOf(withTables(jpeg, [segment(1, ...coarse, 0, ...luma)], SOS))).toBe(60)
  })

  test('with any table id', () => {
    const file = withTables(jpeg, [segment(0, ...coarse, 3, ...stepsOf(jpeg))])
    file[markerAt(file, 0xc0) + 4 + 8] = 3
    expect(qualityOf(file)).toBe(60)
  })

  test('if the table is defined again, from the last definition before the first scan', () => {
    const luma = segment(0, ...stepsOf(jpeg))
    expect(qualityOf(withTables(jpeg, [segment(0, ...coarse), luma]))).toBe(60)
    const file = withTables(jpeg, [luma])
    const end = file.length - 2
    expect(qualityOf(concat([file.subarray(0, end), segment(0, ...coarse)]))).toBe(60)
  })

  test('with 16 bits per step, even if steps exceed a byte', () => {
    const words = (steps: readonly number[]) => steps.flatMap((step) => [step >> 8, step & 255])
    expect(qualityOf(withTables(jpeg, [segment(0x10, ...words(stepsOf(jpeg)))]))).toBe(60)
    expect(qualityOf(withTables(jpeg, [segment(0x10, ...words(coarse.map(() => 6000)))]))).toBe(1)
  })
})

describe('if the quantisation tables of a JPEG are missing or invalid,', () => {
  const luma = stepsOf(jpeg)
  const { jpegQuality: _, ...others } = readHeader(jpeg)
  test.each<[string, Uint8Array[]]>([
    ['no table', []],
    ['an empty segment', [segment()]],
    ['a truncated table', [segment(0, ...luma.slice(1))]],
    ['a truncated table of 16 bits', [segment(0x10, ...luma, ...luma.slice(1))]],
    ['an unknown precision', [segment(0x20, ...luma, ...luma, ...luma)]],
    ['an invalid id', [segment(4, ...luma)]],
    ['a table for chroma only', [segment(1, ...luma)]],
  ])('the header has no quality but is otherwise unchanged: %s', (_name, segments) => {
    expect(readHeader(withTables(jpeg, segments))).toEqual({ ...others, jpegQuality: undefined })
  })

  test('because the file ends inside a table, the file is reported as damaged', () => {
    const at = markerAt(jpeg, DQT)
    for (const end of [at + 2, at + 3, at + 4, at + 40]) {
      expect(readHeader(jpeg.subarray(0, end))).toMatchObject({
        obstacle: 'DAMAGED',
        jpegQuality: undefined,
      })
    }
  })

  test('steps of zero count as one, so the quality is 100', () => {
    expect(qualityOf(withTables(jpeg, [segment(0, ...luma.map(() => 0))]))).toBe(100)
  })
})

test('other formats have no JPEG quality', async () => {
  for (const format of ['png', 'webp'] as const) {
    expect(qualityOf(await codec.encode(picture, { format, quality: 50 }))).toBeUndefined()
  }
})
