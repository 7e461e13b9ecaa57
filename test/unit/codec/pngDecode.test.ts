// PNG by rows and, if it is interlaced, as a whole. photon is the oracle for pixels. Which chunks count is compared with
// Chromium (test/browser/shown.test.ts).
import { existsSync, readFileSync } from 'node:fs'
import { constants, deflateSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { concat } from '../../../worker/base/concat.ts'
import { DamagedError } from '../../../worker/codec/error.ts'
import { readHeader } from '../../../worker/codec/header.ts'
import { createInstances } from '../../../worker/codec/instance.ts'
import { decodeWithPhoton } from '../../../worker/codec/photon.ts'
import { decodePngRows } from '../../../worker/codec/png.ts'
import { createRandom } from '../../../worker/image/prng.ts'
import type { Rgba } from '../../../worker/image/plane.ts'
import { collectRows } from '../../../worker/image/rows.ts'
import { loadCodecModules } from '../../../worker/platform/nodeFiles.ts'
import { cpuMs } from '../../bench/compare.ts'
import { codec, decode, gradient, sharpOf } from '../../support/pictures/codec.ts'
import { bytesOf, entries } from '../../support/pictures/corpus.ts'
import { plainPng } from '../../support/pictures/plainPng.ts'
import { pngChunk } from '../../support/pictures/png.ts'
import { PNG_KINDS, PNG_TAILS, type PngSpec, pngRowBytes, writePngFile } from '../../support/pictures/pngFile.ts'

const { photon, pngDecoder } = await loadCodecModules()
const instances = createInstances()

const bandsOf = (file: Uint8Array) => decodePngRows(instances, pngDecoder, file, readHeader(file))

function byRows(file: Uint8Array): Promise<Rgba> {
  const { width, height } = readHeader(file)
  return collectRows({ width, height, bands: bandsOf(file) })
}

async function byPhoton(file: Uint8Array): Promise<Rgba> {
  return decodeWithPhoton(instances, photon, plainPng(file), readHeader(file))
}

async function expectAsByPhoton(file: Uint8Array): Promise<void> {
  const [ours, theirs] = [await byRows(file), await byPhoton(file)]
  expect([ours.width, ours.height]).toEqual([theirs.width, theirs.height])
  expect(Buffer.from(ours.data).equals(Buffer.from(theirs.data))).toBe(true)
}

const random = createRandom(71)
const noise = () => random.below(256)

function paletteOf(colorType: number, depth: number): Uint8Array | undefined {
  return colorType === 3 ? Uint8Array.from({ length: 3 * Math.min(200, 2 ** depth) }, noise) : undefined
}

const small: PngSpec = { width: 6, height: 4, colorType: 2, depth: 8, byteAt: (i, y) => 7 * i + 50 * y }
const cutAt = (bytes: Uint8Array, places: readonly number[]) =>
  [0, ...places].map((from, i) => bytes.subarray(from, places[i] ?? bytes.length))

describe('pixels are those of photon', () => {
  test.each(PNG_KINDS)(
    'for colour type %i with %i bits, at any width and with any filter',
    async (colorType, depth) => {
      for (const width of [1, 2, 3, 4, 5, 7, 9, 15, 16, 17, 31, 33, 100, 257]) {
        for (const filter of [0, 1, 2, 3, 4, undefined]) {
          const filterAt = () => filter ?? random.below(5)
          const palette = paletteOf(colorType, depth)
          await expectAsByPhoton(writePngFile({ width, height: 7, colorType, depth, byteAt: noise, filterAt, palette }))
        }
      }
    },
  )

  test.each([
    ['of several bands', 700, 300, 6, 8],
    ['of one row', 50_000, 1, 2, 8],
    ['whose rows are longer than a band', 40_000, 5, 6, 8],
    ['whose rows are longer than a band, with 16 bits', 40_000, 5, 2, 16],
    ['of one column', 1, 40_000, 6, 16],
  ])('for pictures %s', async (_, width, height, colorType, depth) => {
    const spec = { width, height, colorType, depth, byteAt: (i: number, y: number) => i * y + (i >> 3) }
    await expectAsByPhoton(writePngFile({ ...spec, filterAt: (y) => y % 5 }))
  })

  test('for all levels of 16 bits', async () => {
    const byteAt = (i: number, y: number) => (i % 2 === 0 ? y : i >> 1)
    for (const colorType of [0, 2, 4, 6]) {
      await expectAsByPhoton(writePngFile({ width: 256, height: 256, colorType, depth: 16, byteAt }))
    }
  })

  test.each<[string, Partial<PngSpec>, number[]]>([
    ['grey of 1 bit', { colorType: 0, depth: 1 }, [0, 1]],
    ['grey of 2 bits', { colorType: 0, depth: 2 }, [0, 2]],
    ['grey of 2 bits, beyond its levels', { colorType: 0, depth: 2 }, [0, 5]],
    ['grey of 8 bits', { colorType: 0 }, [0, 57]],
    ['grey of 8 bits, with a high byte', { colorType: 0 }, [9, 57]],
    ['grey of 8 bits, longer', { colorType: 0 }, [0, 57, 0]],
    ['grey of 16 bits', { colorType: 0, depth: 16 }, [14, 21]],
    ['grey of 16 bits, longer', { colorType: 0, depth: 16 }, [14, 21, 0]],
    ['RGB of 8 bits', {}, [0, 21, 0, 28, 0, 35]],
    ['RGB of 8 bits, with a high byte', {}, [1, 21, 2, 28, 3, 35]],
    ['RGB of 8 bits, longer', {}, [0, 21, 0, 28, 0, 35, 1]],
    ['RGB of 16 bits', { depth: 16 }, [42, 49, 56, 63, 70, 77]],
    ['RGB of 16 bits, only the high bytes', { depth: 16 }, [42, 50, 56, 63, 70, 77]],
    ['RGB of 16 bits, longer', { depth: 16 }, [42, 49, 56, 63, 70, 77, 1]],
    ['a palette', { colorType: 3, depth: 4 }, [0, 99, 255]],
    ['a palette, for all of its colours', { colorType: 3, depth: 2 }, [0, 99, 255, 7]],
    ['a palette, for more colours than it has', { colorType: 3, depth: 2 }, [0, 99, 255, 7, 9]],
    ['nothing', {}, []],
  ])('for transparency of %s', async (_, kind, transparency) => {
    const spec = { ...small, ...kind }
    const palette = paletteOf(spec.colorType, spec.depth)
    await expectAsByPhoton(writePngFile({ ...spec, palette, transparency: Uint8Array.from(transparency) }))
  })

  test('for indices beyond the palette, which have its last colour, as in Chromium', async () => {
    const spec = { ...small, colorType: 3, palette: Uint8Array.of(9, 8, 7), byteAt: (i: number) => i % 3 }
    const file = writePngFile({ ...spec, transparency: Uint8Array.of(50) })
    expect([...(await byRows(file)).data.subarray(0, 8)]).toEqual([9, 8, 7, 50, 9, 8, 7, 50])
    await expectAsByPhoton(file)
  })

  test('for a palette that RGB does not need', async () => {
    await expectAsByPhoton(writePngFile({ ...small, palette: Uint8Array.of(1, 2) }))
  })

  test.each<[string, (deflated: Uint8Array) => Uint8Array[]]>([
    ['of one byte', (deflated) => Array.from(deflated, (byte) => Uint8Array.of(byte))],
    [
      'of which some are empty',
      (deflated) =>
        [[], [...deflated.subarray(0, 9)], [], [...deflated.subarray(9)], []].map((part) => Uint8Array.from(part)),
    ],
    ['of odd sizes', (deflated) => cutAt(deflated, [1, 4, 11, 400, 401])],
  ])('for pixel data in chunks %s', async (_, cut) => {
    await expectAsByPhoton(writePngFile({ ...small, width: 60, byteAt: noise, cut }))
  })

  test('for data that are not compressed', async () => {
    const rows = new Uint8Array(40 * 121).map((_, i) => (i % 121 === 0 ? 0 : noise()))
    const alter = () => new Uint8Array(deflateSync(rows, { level: constants.Z_NO_COMPRESSION }))
    await expectAsByPhoton(writePngFile({ ...small, width: 40, height: 40, alter }))
  })

  test('for files that sharp writes', async () => {
    const picture = sharpOf(gradient(301, 203, (x, y) => (x * y) & 255))
    for (const options of [{}, { adaptiveFiltering: true }, { palette: true }, { palette: true, colours: 7 }]) {
      await expectAsByPhoton(await picture.clone().png(options).toBuffer())
    }
    await expectAsByPhoton(await picture.clone().toColourspace('rgb16').png().toBuffer())
    await expectAsByPhoton(await picture.clone().toColourspace('b-w').png({ adaptiveFiltering: true }).toBuffer())
  })

  const pngs = entries.filter(({ file }) => file.endsWith('.png'))
  test.runIf(pngs.length > 0)('for all files of the corpus that it decodes', { timeout: 120_000 }, async () => {
    const different: string[] = []
    let compared = 0
    for (const entry of pngs) {
      const file = bytesOf(entry)
      const header = readHeader(file)
      if (header.type !== 'png' || header.obstacle || header.width * header.height > 4e6) continue
      const stored = { ...header, orientation: 1 } as const
      const [ours, theirs] = await Promise.all(
        [codec.decode(file, stored), byPhoton(file)].map((work) => work.catch(() => undefined)),
      )
      if (ours && !theirs) continue // a checksum is wrong
      compared++
      if (!ours !== !theirs || (ours && theirs && !Buffer.from(ours.data).equals(Buffer.from(theirs.data)))) {
        different.push(entry.file)
      }
    }
    expect(different).toEqual([])
    expect(compared).toBeGreaterThan(100)
  })
})

describe('the pixels of interlaced files are those of photon', () => {
  test.each(PNG_KINDS)('for colour type %i with %i bits, at any size', async (colorType, depth) => {
    const palette = paletteOf(colorType, depth)
    const filterAt = () => random.below(5)
    for (const [width, height] of [
      ...Array.from({ length: 9 }, (_, i) => [i + 1, 9 - i]),
      [1, 1],
      [33, 40],
      [300, 400],
    ]) {
      const file = writePngFile({
        width,
        height,
        colorType,
        depth,
        byteAt: noise,
        filterAt,
        palette,
        isInterlaced: true,
      })
      expect(Buffer.from((await decode(file)).data).equals(Buffer.from((await byPhoton(file)).data))).toBe(true)
    }
  })

  test('for files that sharp writes', async () => {
    const file = await sharpOf(gradient(301, 203)).png({ progressive: true }).toBuffer()
    expect(readHeader(file).interlaced).toBe(true)
    expect(Buffer.from((await decode(file)).data).equals(Buffer.from((await byPhoton(file)).data))).toBe(true)
  })

  test('and a file that ends early is a DamagedError', async () => {
    const file = writePngFile({ ...small, width: 50, height: 50, byteAt: noise, isInterlaced: true })
    for (const kept of [100, 2000, file.length - 30]) {
      await expect(decode(file.subarray(0, kept))).rejects.toThrow(DamagedError)
    }
  })
})

describe('what follows the last row does not matter', () => {
  const spec: PngSpec = { ...small, width: 300, height: 200, byteAt: (i, y) => (i * y) >> 3 }
  test.each(PNG_TAILS)('%s', async (_, alter) => {
    for (const picture of [small, spec]) {
      const [file, whole] = [writePngFile({ ...picture, alter }), writePngFile(picture)]
      expect(Buffer.from((await byRows(file)).data).equals(Buffer.from((await byRows(whole)).data))).toBe(true)
    }
  })

  const field = new URL('../../../../shared/field/', import.meta.url)
  test.runIf(existsSync(field)).each(['png-idat-bad-crc.png', 'png-idat-no-adler32.png'])(
    '%s is shown',
    async (name) => {
      const file = new Uint8Array(readFileSync(new URL(name, field)))
      expect((await byRows(file)).data.length).toBeGreaterThan(0)
    },
  )
})

describe('a damaged file is a DamagedError', () => {
  const spec: PngSpec = { ...small, width: 90, height: 40, byteAt: noise }

  test('if its data end early, wherever that is', async () => {
    const { length } = deflateSync(new Uint8Array(40 * 271).map(noise))
    for (let kept = 0; kept < length - 5; kept += 1 + random.below(400)) {
      const file = writePngFile({
        ...spec,
        alter: (deflated) => deflated.subarray(0, Math.min(kept, deflated.length - 5)),
      })
      await expect(byRows(file)).rejects.toThrow(DamagedError)
    }
  })

  test('if the file is cut off behind its first data', async () => {
    const file = writePngFile({ ...spec, cut: (deflated) => cutAt(deflated, [100, 5000, 9000]) })
    for (const kept of [200, 5100, 9100]) await expect(byRows(file.subarray(0, kept))).rejects.toThrow(DamagedError)
  })

  test.each<[string, Partial<PngSpec>]>([
    ['an unknown filter', { filterAt: () => 5 }],
    ['an unknown filter in the last row', { filterAt: (y) => (y === 3 ? 255 : 0) }],
    ['no zlib header', { alter: (deflated) => deflated.with(0, 0) }],
    ['another compression method', { alter: (deflated) => deflated.with(0, 0x79) }],
    ['a broken block', { alter: (deflated) => deflated.with(2, 0xff) }],
    ['a palette that is empty', { colorType: 3, palette: new Uint8Array(0) }],
    ['a palette of 257 colours', { colorType: 3, palette: new Uint8Array(771) }],
  ])('with %s', async (_, kind) => {
    const file = writePngFile({ ...small, ...kind })
    await expect(byPhoton(file)).rejects.toThrow(DamagedError)
    await expect(byRows(file)).rejects.toThrow(DamagedError)
    await expect(codec.decode(file, readHeader(file))).rejects.toThrow(DamagedError)
  })

  test('with two palettes, or with pixel data that another chunk interrupts', async () => {
    const cut = (deflated: Uint8Array) => cutAt(deflated, [6])
    const file = writePngFile({ ...small, colorType: 3, palette: Uint8Array.of(1, 2, 3), byteAt: () => 0, cut })
    const at = (type: string) => Buffer.from(file).indexOf(type) - 4
    const [palette, alpha] = [pngChunk('PLTE', Uint8Array.of(4, 5, 6)), pngChunk('tRNS', Uint8Array.of(9))]
    const insert = (place: number, ...chunks: Uint8Array[]) => [
      file.subarray(0, place),
      ...chunks,
      file.subarray(place),
    ]
    const secondData = Buffer.from(file).lastIndexOf('IDAT') - 4
    for (const parts of [insert(at('PLTE'), palette), insert(secondData, alpha)]) {
      await expect(byRows(concat(parts))).rejects.toThrow(DamagedError)
    }
    await expectAsByPhoton(concat(insert(at('IEND'), alpha)))
  })
})

describe('no more is inflated than the rows need', () => {
  const BOMB_BYTES = 200e6

  test.each([
    ['16x16', 16, 16],
    ['1000x1000', 1000, 1000],
  ])('a picture of %s whose data go on for 200 MB takes less than 250 ms of CPU time', async (_, width, height) => {
    const bomb = new Uint8Array(deflateSync(new Uint8Array(BOMB_BYTES)))
    const file = writePngFile({ ...small, width, height, byteAt: () => 0, alter: () => bomb })
    await byRows(file)
    const start = cpuMs()
    const { data } = await byRows(file)
    expect(cpuMs() - start).toBeLessThan(250)
    expect(data.every((value, i) => value === (i % 4 === 3 ? 255 : 0))).toBe(true)
  })

  test('a million empty blocks are a DamagedError', async () => {
    const emptyBlocks = new Uint8Array(5e6).map((_, i) => [0, 0, 0, 255, 255][i % 5])
    const alter = (deflated: Uint8Array) => concat([deflated.subarray(0, 2), emptyBlocks, deflated.subarray(2)])
    const broken = writePngFile({ ...small, alter })
    const start = cpuMs()
    await expect(byRows(broken)).rejects.toThrow(DamagedError)
    expect(cpuMs() - start).toBeLessThan(250)
  })
})

describe('bands', () => {
  const file = writePngFile({ ...small, width: 1000, height: 400, byteAt: noise, filterAt: (y) => y % 5 })

  test('are whole rows of at most 128 KiB', async () => {
    let rows = 0
    for await (const band of bandsOf(file)) {
      expect(band.length % 4000).toBe(0)
      expect(band.length).toBeLessThanOrEqual(2 ** 17)
      rows += band.length / 4000
    }
    expect(rows).toBe(400)
  })

  test('can be left before the last one, which frees the memory for the next file', async () => {
    const before = createInstances()
    for (let round = 0; round < 5; round++) {
      for await (const band of decodePngRows(before, pngDecoder, file, readHeader(file))) {
        expect(band.length).toBeGreaterThan(0)
        break
      }
    }
    expect(before.idleBytes()).toBeGreaterThan(0)
    expect(before.idleBytes()).toBeLessThan(2 ** 20)
  })

  test('of several files can be read in turns', async () => {
    const expected = Buffer.from((await byPhoton(file)).data)
    const results = await Promise.all(Array.from({ length: 5 }, () => byRows(file)))
    for (const { data } of results) expect(Buffer.from(data).equals(expected)).toBe(true)
  })

  test('may wait long for their reader', async () => {
    for (const [, alter] of PNG_TAILS) {
      const late = writePngFile({ ...small, width: 1000, height: 400, byteAt: (i, y) => i ^ y, alter })
      const bands: Uint8Array[] = []
      for await (const band of bandsOf(late)) {
        bands.push(band.slice())
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
      expect(concat(bands)).toHaveLength(4 * 1000 * 400)
    }
  })

  test('take memory for a band of rows only', async () => {
    const own = createInstances()
    const tall = writePngFile({ ...small, width: 64, height: 20_000, byteAt: (i) => i })
    let taken = 0
    for await (const band of decodePngRows(own, pngDecoder, tall, readHeader(tall))) taken += band.length
    expect(taken).toBe(4 * 64 * 20_000)
    expect(own.idleBytes()).toBeLessThan(400_000)
    expect(pngRowBytes(small)).toBe(18)
  })
})
