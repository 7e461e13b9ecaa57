// Decodes damaged files of every format. Time limits are on CPU time, so that a busy machine does not fail a test.
import { describe, expect, test } from 'vitest'
import { CodecError } from '../../../worker/codec/error.ts'
import { readHeader, uprightSize } from '../../../worker/codec/header.ts'
import { readIcc } from '../../../worker/codec/icc.ts'
import { createRandom } from '../../../worker/image/prng.ts'
import { cpuMs } from '../../bench/compare.ts'
import { bmp24, bmp8 } from '../../support/pictures/bmp.ts'
import { codec, decode, gradient, greyGradient, sharpOf } from '../../support/pictures/codec.ts'

const opaque = gradient(48, 40)
const translucent = gradient(48, 40, (x) => 5 * x)
const of = (picture = opaque) => sharpOf(picture).withMetadata({ orientation: 6, icc: 'p3' })

const files: [string, Uint8Array][] = [
  ['baseline JPEG', await of().jpeg().toBuffer()],
  ['progressive JPEG', await of().jpeg({ progressive: true }).toBuffer()],
  ['grey JPEG', await sharpOf(greyGradient(48, 40)).toColourspace('b-w').jpeg().toBuffer()],
  ['PNG', await of(translucent).png().toBuffer()],
  ['palette PNG', await of(translucent).png({ palette: true }).toBuffer()],
  ['interlaced PNG', await of().png({ progressive: true }).toBuffer()],
  ['lossy WebP', await of(translucent).webp().toBuffer()],
  ['lossless WebP', await of().webp({ lossless: true }).toBuffer()],
  ['GIF', await sharpOf(opaque).gif().toBuffer()],
  ['24-bit BMP', bmp24(opaque)],
  ['8-bit BMP', bmp8(opaque, (i) => [i, i, 255 - i])],
]

/**
 * Files whose header states more pixels are not decoded here: decoding has no limit on pixels, because its caller
 * checks the number of pixels.
 */
const MAX_PIXELS = 1e6
const MAX_MS = 3000

/** Expects that decoding gives pixels of the size in the header, or a CodecError, within MAX_MS of CPU time. */
async function survive(bytes: Uint8Array): Promise<void> {
  const start = cpuMs()
  const header = readHeader(bytes)
  await readIcc(header, bytes.length).catch((error: unknown) => expect(error).toBeInstanceOf(CodecError))
  const size = uprightSize(header)
  if (!header.obstacle && size.width * size.height <= MAX_PIXELS) {
    const result = await codec.decode(bytes, header).catch((error: unknown) => error)
    if (result instanceof Error) expect(result).toBeInstanceOf(CodecError)
    else expect(result).toMatchObject(size)
  }
  expect(cpuMs() - start).toBeLessThan(MAX_MS)
}

describe('decoding gives pixels or a CodecError within 3 s of CPU time', () => {
  describe.each(files)('for %s files', (_, whole) => {
    test('that are truncated at 60 offsets', async () => {
      for (let part = 0; part < 60; part++) {
        await survive(whole.slice(0, Math.floor((whole.length * part) / 60)))
      }
    })

    test('with flipped bits', async () => {
      const random = createRandom(11)
      for (let round = 0; round < 80; round++) {
        const bytes = Uint8Array.from(whole)
        for (let flips = 2 ** (round % 6); flips > 0; flips--) {
          bytes[random.below(bytes.length)] ^= 1 << random.below(8)
        }
        await survive(bytes)
      }
    })

    test('with a part that is removed, doubled or overwritten', async () => {
      const random = createRandom(13)
      for (let round = 0; round < 60; round++) {
        const [from, to] = [random.below(whole.length), random.below(whole.length)]
        const bytes = new Uint8Array(to + whole.length - from)
        bytes.set(whole.subarray(0, to))
        bytes.set(whole.subarray(from), to)
        await survive(bytes)
        await survive(Uint8Array.from(whole).fill(random.below(256), from, from + 1 + (to % 16)))
      }
    })
  })

  test('for files that have a valid start, followed by random bytes', async () => {
    const random = createRandom(17)
    for (const [, whole] of files) {
      for (const kept of [4, 12, 33, 60]) {
        await survive(whole.map((byte, i) => (i < kept ? byte : random.below(256))))
      }
    }
  })
})

test('a good file still gives the same pixels after 500 truncated files', async () => {
  for (const [, whole] of files.filter(([name]) => !name.includes('grey'))) {
    const before = await decode(whole)
    const half = whole.slice(0, Math.floor(whole.length * 0.6))
    for (let round = 0; round < 50; round++) await decode(half).catch(() => undefined)
    expect((await decode(whole)).data).toEqual(before.data)
  }
})

test('a CodecError has the codec’s own error as its cause', async () => {
  const gif = files.find(([name]) => name === 'GIF')![1]
  const broken = Uint8Array.from(gif)
  broken.fill(0, -60, -30)
  const error = await decode(broken).catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(CodecError)
  expect((error as CodecError).cause).toBeInstanceOf(WebAssembly.RuntimeError)
})

test('readHeader takes less than 1 s of CPU time for 20 MB of junk', () => {
  const length = 20e6
  for (const [, whole] of files) {
    for (const filler of [0, 0xff, 0x2c, 0x21]) {
      const bytes = new Uint8Array(length).fill(filler)
      bytes.set(whole.subarray(0, Math.floor(whole.length / 2)))
      const start = cpuMs()
      readHeader(bytes)
      expect(cpuMs() - start).toBeLessThan(1000)
    }
  }
})
