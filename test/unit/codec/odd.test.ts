// Files with one fault each. What browsers show of them is compared in test/browser/shown.test.ts; here are the verdicts.
import { describe, expect, test } from 'vitest'
import { DamagedError } from '../../../worker/codec/error.ts'
import { readHeader } from '../../../worker/codec/header.ts'
import { createInstances } from '../../../worker/codec/instance.ts'
import { decodeWithPhoton } from '../../../worker/codec/photon.ts'
import { loadCodecModules } from '../../../worker/platform/nodeFiles.ts'
import { decode, gradient, sharpOf } from '../../support/pictures/codec.ts'
import { bmp24 } from '../../support/pictures/bmp.ts'
import { ODD_BMPS } from '../../support/pictures/odd/bmp.ts'
import type { OddFile } from '../../support/pictures/odd/file.ts'
import { ODD_GIFS } from '../../support/pictures/odd/gif.ts'
import { ODD_PNGS } from '../../support/pictures/odd/png.ts'
import { TURNED } from '../../support/pictures/odd/turned.ts'
import { ODD_WEBPS } from '../../support/pictures/odd/webp.ts'

/** Returns `decoded`, an obstacle, `damaged`, or the message of an error that would not blame the file. */
async function verdictOf({ bytes }: OddFile): Promise<string> {
  const { obstacle } = readHeader(bytes)
  if (obstacle) return obstacle
  return decode(bytes).then(
    () => 'decoded',
    (error: unknown) => (error instanceof DamagedError ? 'damaged' : String(error)),
  )
}

test.each<[string, readonly OddFile[]]>([
  ['PNG', ODD_PNGS],
  ['GIF', ODD_GIFS],
  ['WebP', ODD_WEBPS],
  ['BMP', ODD_BMPS],
  ['turned', TURNED],
])('a codec that refuses one of %s files with a fault blames the file', async (_, files) => {
  const counts = new Map<string, number>()
  for (const file of files) {
    const verdict = await verdictOf(file)
    counts.set(verdict, (counts.get(verdict) ?? 0) + 1)
  }
  expect([...counts.keys()].filter((verdict) => !/^(decoded|damaged|[A-Z_]+)$/.test(verdict))).toEqual([])
  expect(counts.get('decoded')).toBeGreaterThan(files.length / 4)
})

describe('a PNG of any kind, interlaced or not, has all its pixels', () => {
  test.each([
    'a wrong checksum of IDAT',
    'a wrong checksum in the last part of the pixels',
    'no checksum',
    'a wrong checksum',
    '10 kB behind the checksum',
    'rows too many',
    'a window of 2 ** 8 bytes',
    'no IEND',
    'pixels that state 1 MB too many',
    'pixels that state one byte too few',
    'bytes behind IEND',
    'transparency of one byte',
    'transparency behind the pixels',
    'a palette behind the pixels',
    'a wrong checksum of a text',
  ])('with %s', async (fault) => {
    const files = ODD_PNGS.filter(({ name }) => name.endsWith(` PNG with ${fault}`))
    // A palette PNG needs its palette before the pixels, and has transparency.
    const chosen = files.filter(({ name }) => !/^(interlaced )?palette PNG with (a palette|transparency)/.test(name))
    expect(chosen.length).toBeGreaterThanOrEqual(12)
    for (const { bytes, unchanged } of chosen) {
      const whole = ODD_PNGS.find(({ name }) => name === unchanged)!
      const [ours, expected] = [await decode(bytes), await decode(whole.bytes)]
      expect(Buffer.from(ours.data).equals(Buffer.from(expected.data))).toBe(true)
    }
  })
})

describe('a picture that browsers show in part is damaged', () => {
  test.each(
    [
      ['RGB PNG with half of the pixels, without an end', ODD_PNGS],
      ['RGB PNG with pixels split by a text', ODD_PNGS],
      ['interlaced RGB PNG with a wrong checksum in the first part of the pixels', ODD_PNGS],
      ['interlaced palette PNG with one byte too few', ODD_PNGS],
      ['GIF with half of its codes, and an end', ODD_GIFS],
      ['GIF with a code beyond the table', ODD_GIFS],
      ['WebP: ALPH that is cut', ODD_WEBPS],
    ].map(([name, files]) => [name, (files as readonly OddFile[]).find((file) => file.name === name)!] as const),
  )('%s', async (_, file) => {
    expect(await verdictOf(file)).toBe('damaged')
  })

  test.each(['lossy', 'lossless', 'lossy with alpha'])('WebP of which a part is there: %s', async (kind) => {
    for (const part of ['25 % of the file', '99 % of the file', 'all but one byte', 'RIFF states 1 byte too many']) {
      const file = ODD_WEBPS.find(({ name }) => name === `WebP: ${kind}, ${part}`)!
      expect(readHeader(file.bytes, Infinity).obstacle === undefined || part === '25 % of the file').toBe(true)
      expect(readHeader(file.bytes).obstacle).toBe('DAMAGED')
    }
  })
})

describe('transparency of a WebP is that of its header', () => {
  const file = (name: string) => ODD_WEBPS.find((one) => one.name === `WebP: ${name}`)!.bytes
  const isOpaque = async (bytes: Uint8Array) => {
    const { data } = await decode(bytes)
    return data.every((level, i) => i % 4 !== 3 || level === 255)
  }

  test.each([
    ['ALPH without the flag', true],
    ['ALPH that is cut, without the flag', true],
    ['the flag without ALPH', true],
    ['lossless with alpha, without the flag', true],
    ['lossless with alpha but without its bit', true],
    ['lossless with alpha, with the flag but without its bit', false],
    ['lossless with the flag but without alpha', true],
    ['extended, all flags but animation', false],
    ['animated, one frame, alpha without the flag', false],
  ])('%s', async (name, expected) => {
    expect(await isOpaque(file(name))).toBe(expected)
    if (!expected) expect(readHeader(file(name)).alpha).toBe(true)
  })
})

test('a GIF without a palette, or with too short a one, has black in place of the missing colours', async () => {
  for (const name of ['no palette', 'a palette that is too short']) {
    const { data } = await decode(ODD_GIFS.find((one) => one.name === `GIF with ${name}`)!.bytes)
    const missing = Array.from({ length: data.length / 4 }, (_, i) => data.subarray(4 * i, 4 * i + 4).join())
    expect(missing.filter((pixel) => pixel === '0,0,0,255').length).toBeGreaterThan(200)
    expect(data.every((level, i) => i % 4 !== 3 || level === 255)).toBe(true)
  }
})

describe('a decoder that fails for another reason than the file does not blame it', async () => {
  const modules = await loadCodecModules()
  const gif = new Uint8Array(await sharpOf(gradient(40, 30)).gif().toBuffer())

  test('if there is too little memory', async () => {
    const cut = gif.subarray(0, gif.length / 2)
    const header = { ...readHeader(gif), width: 4000, height: 4000 }
    const work = (maxMemoryBytes: number) =>
      decodeWithPhoton(createInstances({ maxMemoryBytes }), modules.photon, cut, header)
    await expect(work(300 * 2 ** 20)).rejects.toThrow(DamagedError)
    await expect(work(30 * 2 ** 20)).rejects.toThrow(RangeError)
  })

  test('if the size is not the header’s', async () => {
    const bmp = bmp24(gradient(40, 30))
    const work = decodeWithPhoton(createInstances(), modules.photon, bmp, { ...readHeader(bmp), width: 41 })
    await expect(work).rejects.not.toThrow(DamagedError)
  })
})
