import { describe, expect, test } from 'vitest'
import { concat } from '../../../worker/base/concat.ts'
import { DamagedError } from '../../../worker/codec/error.ts'
import { readHeader } from '../../../worker/codec/header.ts'
import type { Rgba } from '../../../worker/image/plane.ts'
import { createRandom } from '../../../worker/image/prng.ts'
import { DAMAGES, damaged } from '../../support/pictures/damage.ts'
import { codec, decode, decodeBySharp, difference, gradient, outcomeOf, sharpOf } from '../../support/pictures/codec.ts'
import {
  type FileComponent,
  type FileScan,
  type FileSpec,
  segmentOf,
  writeJpegFile,
} from '../../support/pictures/jpegFile.ts'

/** Waves of several lengths, so that blocks have coefficients of all frequencies. */
const wave = (seed: number, stretch: number) => (x: number, y: number) => {
  const [u, v] = [x * stretch, y * stretch]
  return (
    128 +
    60 * Math.sin(u / 9 + seed) * Math.cos(v / 7) +
    30 * Math.sin((u * v) / 300 + seed) +
    20 * Math.sin(2.1 * u + 1.7 * v)
  )
}

/** Components with the sampling factors `factors`, e.g. '22' for 2 across and 2 down. */
function componentsOf(factors: readonly string[], ids: readonly number[] = [1, 2, 3]): FileComponent[] {
  return factors.map((text, i) => {
    const [across, down] = [Number(text[0]), Number(text[1])]
    return { id: ids[i], across, down, sample: wave(i, 2 / across) }
  })
}

const YCBCR = ['22', '11', '11']

async function expectLikeSharp(file: Uint8Array, levels = 3): Promise<void> {
  expect(difference(await decode(file), await decodeBySharp(file)).color).toBeLessThanOrEqual(levels)
}

/** The scans that libjpeg's jpeg_simple_progression makes. */
const PROGRESSION: readonly FileScan[] = [
  { components: [0, 1, 2], low: 1 },
  { components: [0], first: 1, last: 5, low: 2 },
  { components: [2], first: 1, last: 63, low: 1 },
  { components: [1], first: 1, last: 63, low: 1 },
  { components: [0], first: 6, last: 63, low: 2 },
  { components: [0], first: 1, last: 63, high: 2, low: 1 },
  { components: [0, 1, 2], high: 1, low: 0 },
  { components: [2], first: 1, last: 63, high: 1, low: 0 },
  { components: [1], first: 1, last: 63, high: 1, low: 0 },
  { components: [0], first: 1, last: 63, high: 1, low: 0 },
]

const SIZES = [
  [61, 43],
  [64, 64],
  [1, 1],
  [7, 17],
  [16, 9],
  [33, 2],
] as const

describe('a JPEG is decoded as by libjpeg-turbo, within 3 levels:', () => {
  test.each([
    ['4:4:4', ['11', '11', '11']],
    ['4:2:0', ['22', '11', '11']],
    ['4:2:2', ['21', '11', '11']],
    ['4:4:0', ['12', '11', '11']],
    ['4:4:4 with factors of 3 across', ['31', '31', '31']],
    ['4:2:2 with factors of 4', ['41', '21', '21']],
    ['luma at half size', ['11', '22', '22']],
    ['one chroma component at half size', ['22', '22', '11']],
    ['grey', ['11']],
    ['grey with factors of 2', ['22']],
  ])('sampling %s', async (_, factors) => {
    for (const [width, height] of SIZES) {
      await expectLikeSharp(writeJpegFile({ width, height, components: componentsOf(factors) }))
    }
  })

  test.each([
    ['progressive', { isProgressive: true, scans: PROGRESSION }],
    [
      'progressive with restart markers',
      { isProgressive: true, scans: PROGRESSION.map((scan, i) => ({ ...scan, restartInterval: 2 + i })) },
    ],
    ['with restart markers', { scans: [{ components: [0, 1, 2], restartInterval: 3 }] }],
    ['with a scan for each component', { scans: [0, 1, 2].map((i) => ({ components: [i] })) }],
    [
      'with restart intervals that change between scans',
      {
        scans: [
          { components: [0], restartInterval: 5 },
          { components: [1, 2], restartInterval: 2 },
        ],
      },
    ],
    ['with steps of 16 bits', { step: 300 }],
    ['with steps of 1', { step: 1 }],
  ] as [string, Partial<FileSpec>][])('%s', async (_, spec) => {
    for (const [width, height] of SIZES) {
      await expectLikeSharp(writeJpegFile({ width, height, components: componentsOf(YCBCR), ...spec }))
    }
  })

  const JFIF = segmentOf(0xe0, [0x4a, 0x46, 0x49, 0x46, 0, 1, 1, 0, 0, 1, 0, 1, 0, 0])
  const adobe = (transform: number) => segmentOf(0xee, [0x41, 0x64, 0x6f, 0x62, 0x65, 0, 100, 0, 0, 0, 0, transform])
  test.each([
    ['ids 1, 2, 3', [1, 2, 3], []],
    ['ids R, G, B', [82, 71, 66], []],
    ['ids 0, 1, 2', [0, 1, 2], []],
    ['ids R, G, B and JFIF', [82, 71, 66], [JFIF]],
    ['ids 1, 2, 3 and APP14 without a transform', [1, 2, 3], [adobe(0)]],
    ['ids R, G, B and APP14 with YCbCr', [82, 71, 66], [adobe(1)]],
    ['JFIF and APP14 without a transform', [1, 2, 3], [JFIF, adobe(0)]],
    ['APP14 with an unknown transform', [1, 2, 3], [adobe(2)]],
    ['the same id three times', [1, 1, 1], []],
    [
      'a JFIF segment that is too short',
      [82, 71, 66],
      [segmentOf(0xe0, [0x4a, 0x46, 0x49, 0x46, 0, 1, 1, 0, 0, 1, 0, 1])],
    ],
  ])('colour of a file with %s', async (_, ids, segments) => {
    const components = componentsOf(['11', '11', '11'], ids)
    const file = writeJpegFile({
      width: 40,
      height: 24,
      components,
      segments: segments.map((bytes) => Uint8Array.from(bytes)),
    })
    await expectLikeSharp(file)
  })

  test('files of libjpeg-turbo itself, of any size', async () => {
    for (let side = 1; side <= 40; side++) {
      for (const progressive of [false, true]) {
        const picture = gradient(side, 41 - side)
        await expectLikeSharp(
          await sharpOf(picture)
            .jpeg({ quality: 90, progressive, optimizeScans: progressive, mozjpeg: false })
            .toBuffer(),
        )
      }
    }
  })
})

describe('a damaged JPEG', () => {
  const MAX_PIXELS = 1e6
  const size = { width: 61, height: 43, components: componentsOf(YCBCR) }
  const baseline = writeJpegFile(size)
  const progressive = writeJpegFile({ ...size, isProgressive: true, scans: PROGRESSION })
  const restarting = writeJpegFile({ ...size, scans: [{ components: [0, 1, 2], restartInterval: 2 }] })
  /** Positions of all markers with this code. */
  const markers = (file: Uint8Array, code: number) =>
    [...file.keys()].filter((i) => file[i] === 0xff && file[i + 1] === code)
  /** The outcome of decoding: a picture, or the kind of failure. */
  async function verdictOf(file: Uint8Array): Promise<Rgba | 'damaged'> {
    const header = readHeader(file)
    if (header.obstacle) {
      expect(header.obstacle).toBe('DAMAGED')
      return 'damaged'
    }
    try {
      return await codec.decode(file, header)
    } catch (error) {
      expect(error).toBeInstanceOf(DamagedError)
      return 'damaged'
    }
  }

  test.each([
    ['baseline', baseline],
    ['with restart markers', restarting],
  ])('that ends early is refused: %s', async (_, file) => {
    const start = markers(file, 0xda)[0]
    for (let end = file.length - 3; end > start; end -= 7)
      expect(await verdictOf(file.subarray(0, end))).toBe('damaged')
  })

  test('that ends early is refused even if its end is marked', async () => {
    const cut = concat([baseline.subarray(0, baseline.length >> 1), Uint8Array.of(0xff, 0xd9)])
    expect(await verdictOf(cut)).toBe('damaged')
  })

  // Chromium guesses coefficients that are missing, which the original leaves to it.
  test('that ends within or between the scans of a progressive file is refused', async () => {
    const starts = markers(progressive, 0xda)
    for (const start of starts) expect(await verdictOf(progressive.subarray(0, start + 16))).toBe('damaged')
    const ends = starts.slice(1).map((start) => markers(progressive, 0xc4).findLast((at) => at < start)!)
    for (const end of ends) expect(await verdictOf(progressive.subarray(0, end))).toBe('damaged')
  })

  test('without the scans of its high frequencies is a picture nevertheless', async () => {
    const scans = [{ components: [0, 1, 2] }, ...[0, 1, 2].map((i) => ({ components: [i], first: 1, last: 20 }))]
    const file = writeJpegFile({ ...size, isProgressive: true, scans })
    await expectLikeSharp(file)
    expect(await verdictOf(file.subarray(0, -2))).toBe('damaged') // without EOI, the rest may be missing
  })

  test('that repeats a component in a scan is refused', async () => {
    const file = baseline.slice()
    file[markers(file, 0xda)[0] + 7] = 1 // the second component's id
    expect(await verdictOf(file)).toBe('damaged')
    const many = progressive.slice()
    const scan = markers(many, 0xda)[0]
    const components = Array.from({ length: 10 }, () => [1, 0x11]).flat()
    const header = Uint8Array.from(segmentOf(0xda, [10, ...components, 0, 0, 0]))
    expect(await verdictOf(concat([many.subarray(0, scan), header, many.subarray(scan + 14)]))).toBe('damaged')
  })

  test('whose scans say that they end at the first coefficient is decoded if it is not progressive', async () => {
    const scans = [0, 1, 2].map((i) => ({ components: [i] }))
    const file = writeJpegFile({ ...size, scans })
    const whole = await decode(file)
    for (const at of markers(file, 0xda)) file[at + 8] = 0 // the last coefficient
    expect(await verdictOf(file)).toEqual(whole)
  })

  test.each([
    ['without EOI', (file: Uint8Array) => file.subarray(0, -2)],
    [
      'with junk before EOI',
      (file: Uint8Array) => concat([file.subarray(0, -2), new Uint8Array(99).fill(7), file.subarray(-2)]),
    ],
    ['with junk behind EOI', (file: Uint8Array) => concat([file, new Uint8Array(99).fill(0xff)])],
    [
      'with junk between segments',
      (file: Uint8Array) => insert(file, markers(file, 0xc4)[0], Uint8Array.of(1, 2, 0xff, 0, 3)),
    ],
    [
      'with fill bytes before markers',
      (file: Uint8Array) => insert(file, markers(file, 0xda)[0], new Uint8Array(5).fill(0xff)),
    ],
  ])('%s is decoded as if it were whole', async (_, change) => {
    for (const file of [baseline, progressive, restarting]) {
      expect(await verdictOf(change(file))).toEqual(await decode(file))
    }
  })

  function insert(file: Uint8Array, at: number, bytes: Uint8Array): Uint8Array {
    return concat([file.subarray(0, at), bytes, file.subarray(at)])
  }

  test('with a wrong, a missing or a repeated restart marker is decoded, and the rest of the picture is right', async () => {
    const [second] = markers(restarting, 0xd1)
    const wrong = restarting.slice()
    wrong[second + 1] = 0xd5
    const missing = concat([restarting.subarray(0, second), restarting.subarray(second + 2)])
    const repeated = insert(restarting, second, Uint8Array.of(0xff, 0xd0))
    const whole = await decode(restarting)
    for (const file of [wrong, missing, repeated]) {
      await expectLikeSharp(file)
      const picture = await verdictOf(file)
      expect(picture).toMatchObject({ width: 61, height: 43 })
      expect((picture as Rgba).data.slice(-4 * 61 * 8)).toEqual(whole.data.slice(-4 * 61 * 8))
    }
  })

  test('with a broken interval is decoded from the next restart marker on', async () => {
    const [second, third] = [markers(restarting, 0xd1)[0], markers(restarting, 0xd2)[0]]
    const broken = restarting.slice().fill(0xfe, second + 2, third)
    const picture = await verdictOf(broken)
    expect((picture as Rgba).data.slice(-4 * 61 * 8)).toEqual((await decode(restarting)).data.slice(-4 * 61 * 8))
  })

  test('whose runs of empty blocks cross restart markers has the same verdict twice, and never traps', async () => {
    const scans = PROGRESSION.map((scan) => Object.assign({ restartInterval: 5 }, scan))
    const step = { sample: (x: number) => (x < 40 ? 90 : 160) }
    const flat = componentsOf(YCBCR).map((component) => Object.assign({}, component, step))
    const file = writeJpegFile({ ...size, components: flat, isProgressive: true, scans })
    const intervalAt = markers(file, 0xdd)[0] + 5
    for (let interval = 1; interval <= 9; interval++) {
      const changed = file.slice()
      changed[intervalAt] = interval
      const outcome = await outcomeOf(changed, MAX_PIXELS)
      expect(await outcomeOf(changed, MAX_PIXELS)).toEqual(outcome)
      expect(`${outcome}`).not.toContain('failed')
      if (interval === 5) await expectLikeSharp(changed)
    }
  })

  test('changed at random has the same verdict twice, and never traps', async () => {
    const random = createRandom(3)
    for (const file of [baseline, progressive, restarting]) {
      for (let i = 0; i < 300; i++) {
        const changed = damaged(file, DAMAGES[i % DAMAGES.length], random)
        const outcomes = [await outcomeOf(changed, MAX_PIXELS), await outcomeOf(changed, MAX_PIXELS)]
        expect(outcomes[0]).toEqual(outcomes[1])
        expect(`${outcomes[0]}`).not.toContain('failed') // as the message of a trap does
      }
    }
  })
})
