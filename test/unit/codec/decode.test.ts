import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { concat } from '../../../worker/base/concat.ts'
import { CodecError } from '../../../worker/codec/error.ts'
import { readHeader } from '../../../worker/codec/header.ts'
import { uprightRows } from '../../../worker/codec/orientation.ts'
import type { Orientation } from '../../../worker/codec/header/findings.ts'
import { collectOpaqueRows, collectRows, rowsOf } from '../../../worker/image/rows.ts'
import { bmp24, bmp8 } from '../../support/pictures/bmp.ts'
import {
  codec,
  decode,
  decodeBySharp,
  difference,
  gradient,
  greyGradient,
  sharpOf,
} from '../../support/pictures/codec.ts'
import { pngChunk, withChunks, words } from '../../support/pictures/png.ts'

const picture = gradient(61, 43)
const translucent = gradient(61, 43, (x) => Math.min(255, 5 * x))
const grey = greyGradient(61, 43)

describe('the codec decodes a file to the same pixels as libvips', async () => {
  const of = (rgba = picture) => sharpOf(rgba)
  const opaque = (rgba = picture) => sharpOf(rgba).removeAlpha()
  const oneBand = () => opaque(grey).toColourspace('b-w')
  const files: [string, Buffer][] = [
    ['baseline JPEG, 4:2:0', await opaque().jpeg().toBuffer()],
    ['baseline JPEG, 4:4:4', await opaque().jpeg({ chromaSubsampling: '4:4:4' }).toBuffer()],
    ['progressive JPEG', await opaque().jpeg({ progressive: true }).toBuffer()],
    ['grey JPEG', await oneBand().jpeg().toBuffer()],
    ['PNG', await opaque().png().toBuffer()],
    ['PNG with alpha', await of(translucent).png().toBuffer()],
    ['interlaced PNG', await opaque().png({ progressive: true }).toBuffer()],
    ['palette PNG', await opaque().png({ palette: true }).toBuffer()],
    ['palette PNG with tRNS', await of(translucent).png({ palette: true }).toBuffer()],
    ['two-colour PNG', await opaque().png({ palette: true, colours: 2 }).toBuffer()],
    ['16-bit PNG', await opaque().toColourspace('rgb16').png().toBuffer()],
    ['grey PNG', await oneBand().png().toBuffer()],
    [
      'grey PNG with alpha',
      await of({ ...grey, data: withAlpha(grey.data) })
        .toColourspace('b-w')
        .png()
        .toBuffer(),
    ],
    ['lossy WebP', await opaque().webp().toBuffer()],
    ['lossless WebP', await opaque().webp({ lossless: true }).toBuffer()],
    ['lossy WebP with alpha', await of(translucent).webp().toBuffer()],
    ['lossless WebP with alpha', await of(translucent).webp({ lossless: true }).toBuffer()],
    ['GIF', await opaque().gif().toBuffer()],
    [
      'GIF with transparency',
      await of(gradient(61, 43, (x) => (x < 9 ? 0 : 255)))
        .gif()
        .toBuffer(),
    ],
    ['JPEG of one pixel', await opaque(gradient(1, 1)).jpeg().toBuffer()],
  ]
  // Our JPEG decoder and libjpeg differ by up to one level of Y'CbCr, which may be three of RGB. The codec and libvips
  // both use libwebp. 16-bit samples may differ by one level, because photon rounds them and libvips truncates them.
  test.each(files)('%s', async (name, bytes) => {
    expect(difference(await decode(bytes), await decodeBySharp(bytes))).toEqual({
      color: expect.toSatisfy((levels) => levels <= (name.includes('JPEG') ? 3 : 1)),
      alpha: 0,
    })
  })
})

function withAlpha(data: Uint8Array | Uint8ClampedArray): Uint8Array {
  return Uint8Array.from(data, (value, i) => (i % 4 === 3 ? i % 256 : value))
}

describe('a BMP, which libvips cannot read, decodes to the pixels that were written', () => {
  test('with 24 bits, in either row order', async () => {
    expect(difference(await decode(bmp24(picture)), picture)).toEqual({ color: 0, alpha: 0 })
    expect(difference(await decode(bmp24(picture, true)), picture)).toEqual({ color: 0, alpha: 0 })
  })

  test('with 8 bits and a palette', async () => {
    const inverse = await decode(bmp8(grey, (i) => [255 - i, 255 - i, 255 - i]))
    expect(inverse.data.every((value, i) => i % 4 === 3 || value === 255 - grey.data[i])).toBe(true)
  })
})

describe('the EXIF orientation is applied', () => {
  for (const orientation of [1, 2, 3, 4, 5, 6, 7, 8]) {
    test.each(['jpeg', 'png'] as const)(`for orientation ${orientation} in %s`, async (format) => {
      const file = await sharpOf(picture).withMetadata({ orientation }).toFormat(format).toBuffer()
      expect(difference(await decode(file), await decodeBySharp(file))).toEqual({
        color: expect.toSatisfy((levels) => levels <= (format === 'jpeg' ? 3 : 0)),
        alpha: 0,
      })
    })
  }

  /** Returns the orientation that turns an upright picture back. */
  const inverse = (orientation: Orientation): Orientation =>
    (({ 6: 8, 8: 6 }) as const)[orientation as 6 | 8] ?? orientation

  // The first stored row is a, b and the second is c, d. The table lists these pixels row by row in the upright picture
  // (EXIF 2.32, 4.6.4, figure 8).
  test.each([
    [1, 'abcd'],
    [2, 'badc'],
    [3, 'dcba'],
    [4, 'cdab'],
    [5, 'acbd'],
    [6, 'cadb'],
    [7, 'dbca'],
    [8, 'bdac'],
  ] as const)('for orientation %i, so that the stored pixels abcd become %s', async (orientation, expected) => {
    const data = Uint8Array.from([...'abcd'].flatMap((letter) => Array(4).fill(letter.charCodeAt(0))))
    const upright = await collectRows(uprightRows({ width: 2, height: 2, data }, orientation))
    const places = String.fromCharCode(...upright.data.filter((_, i) => i % 4 === 0))
    expect(places).toBe(expected)
    const rgb = await collectOpaqueRows(rowsOf(upright))
    const again = await collectRows(uprightRows(rgb, inverse(orientation)))
    expect([...again.data]).toEqual([...data].map((value, i) => (i % 4 === 3 ? 255 : value)))
  })
})

test('a WebP animation of one full frame is decoded as a still picture', async () => {
  const still = await sharpOf(translucent).webp().toBuffer()
  const frameData = still.subarray(still.indexOf('ALPH'))
  const size = (n: number) => Uint8Array.of(n - 1, (n - 1) >> 8, (n - 1) >> 16)
  const anmf = concat([new Uint8Array(6), size(61), size(43), new Uint8Array(4), frameData])
  const little = (n: number) => words(n).toReversed()
  const ascii = (text: string) => new TextEncoder().encode(text)
  const chunks = concat([
    ascii('WEBPVP8X'),
    little(10),
    Uint8Array.of(0x12, 0, 0, 0),
    size(61),
    size(43),
    ascii('ANMF'),
    little(anmf.length),
    anmf,
  ])
  const file = concat([ascii('RIFF'), little(chunks.length), chunks])
  expect(difference(await decode(file), await decode(still))).toEqual({ color: 0, alpha: 0 })
})

test('the colour profile and the texts in a PNG do not reach the decoder', async () => {
  const png = await sharpOf(picture).removeAlpha().png().toBuffer()
  const bomb = await deflated(new Uint8Array(64 * 2 ** 20))
  const iccp = pngChunk('iCCP', concat([new TextEncoder().encode('x\0\0'), bomb]))
  const brokenText = concat([words(4), new TextEncoder().encode('zTXt'), words(0, 0)])
  const file = withChunks(png, 'IDAT', [iccp, brokenText])
  expect(difference(await decode(file), picture)).toEqual({ color: 0, alpha: 0 })
})

test('a file whose header reports an obstacle is not decoded', async () => {
  const html = new TextEncoder().encode('<!doctype html><title>404</title>')
  await expect(codec.decode(html, readHeader(html))).rejects.toThrow(CodecError)
})

test('decoding fails if the decoded size differs from the header’s', async () => {
  const png = await sharpOf(picture).png().toBuffer()
  const header = { ...readHeader(png), width: 60 }
  await expect(codec.decode(png, header)).rejects.toThrow(/61x43, header says 60x43/)
})

test('decoding returns a copy of the pixels, so that the decoder’s memory can be freed', async () => {
  for (const format of ['jpeg', 'png', 'webp', 'gif'] as const) {
    const { data } = await decode(
      await sharp(picture.data, { raw: { ...picture, channels: 4 } })
        .toFormat(format)
        .toBuffer(),
    )
    expect(data.buffer.byteLength).toBe(data.length)
  }
})

async function deflated(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream('deflate'))
  return new Uint8Array(await new Response(stream).arrayBuffer())
}
