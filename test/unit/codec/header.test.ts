import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { concat } from '../../../worker/base/concat.ts'
import { readHeader, uprightSize } from '../../../worker/codec/header.ts'
import { nextMarker } from '../../../worker/codec/jpeg/markers.ts'
import { createRandom } from '../../../worker/image/prng.ts'
import { bmp24, bmp8 } from '../../support/pictures/bmp.ts'
import { gradient, greyGradient, sharpOf } from '../../support/pictures/codec.ts'
import { withSegments } from '../../support/pictures/icc.ts'
import { jpegSegment } from '../../fuzz/encode.ts'
import { patched } from '../../support/pictures/odd/file.ts'
import { frameOfChunks } from '../../support/pictures/vp8l.ts'
import { pngChunk, withChunks, words } from '../../support/pictures/png.ts'

const picture = gradient(40, 30)
const translucent = gradient(40, 30, (x) => 6 * x)
const png = await sharpOf(picture).removeAlpha().png().toBuffer()
const jpeg = await sharpOf(picture).jpeg().toBuffer()
const progressive = await sharpOf(picture).jpeg({ progressive: true }).toBuffer()
const webp = await sharpOf(picture).removeAlpha().webp().toBuffer()
const gif = await sharpOf(picture).gif().toBuffer()

/** An animation of two frames, stored one above the other, as libvips expects. */
const frames = sharp(gradient(40, 60).data, {
  raw: { width: 40, height: 60, channels: 4, pageHeight: 30 },
})

const ascii = (text: string) => new TextEncoder().encode(text)
const box = (...brands: string[]) => concat([words(8 + 4 * brands.length), ascii(`ftyp${brands.join('')}`)])

/** Returns the position of the first JPEG marker with this code. */
const markerAt = (bytes: Buffer, code: number) => bytes.indexOf(Buffer.of(0xff, code))

function ihdr(width: number, height: number, ...rest: number[]): Uint8Array {
  return pngChunk('IHDR', concat([words(width, height), Uint8Array.of(...rest)]))
}

/** Returns the PNG with `header` as its IHDR chunk. */
function withIhdr(bytes: Uint8Array, header: Uint8Array): Uint8Array {
  return concat([bytes.subarray(0, 8), header, bytes.subarray(8 + 25)])
}

describe('the type of a file is detected from its first bytes', () => {
  const files: [string, Uint8Array, string, string][] = [
    ['JPEG', jpeg, 'jpeg', 'image/jpeg'],
    ['PNG', png, 'png', 'image/png'],
    ['WebP', webp, 'webp', 'image/webp'],
    ['GIF', gif, 'gif', 'image/gif'],
    ['BMP', bmp24(picture), 'bmp', 'image/bmp'],
    ['AVIF', box('avif', '\0\0\0\0', 'mif1', 'avif'), 'avif', 'image/avif'],
    ['AVIF under a general brand', box('mif1', '\0\0\0\0', 'avif'), 'avif', 'image/avif'],
    ['HEIC', box('heic', '\0\0\0\0', 'mif1'), 'heic', 'image/heic'],
    ['MP4', box('isom', '\0\0\0\0', 'mp42'), 'unknown', 'application/octet-stream'],
    ['TIFF', ascii('II*\0'), 'tiff', 'image/tiff'],
    ['JPEG XL', Uint8Array.of(0xff, 0x0a, 0), 'jxl', 'image/jxl'],
    ['JPEG 2000', Uint8Array.of(0xff, 0x4f, 0xff, 0x51), 'jp2', 'image/jp2'],
    ['SVG', ascii('<svg xmlns="http://www.w3.org/2000/svg"/>'), 'svg', 'image/svg+xml'],
    [
      'SVG after a prolog',
      ascii('\ufeff<?xml version="1.0"?>\n<!-- <p> -->\n<!DOCTYPE svg [ <!ENTITY a ">"> ]>\n<svg>'),
      'svg',
      'image/svg+xml',
    ],
    ['HTML that holds an SVG', ascii('<!DOCTYPE html><svg></svg>'), 'unknown', 'application/octet-stream'],
    ['text that begins with BM', ascii('BMW and other cars, to be sold'), 'unknown', 'application/octet-stream'],
    ['nothing', new Uint8Array(), 'unknown', 'application/octet-stream'],
  ]
  test.each(files)('%s', (_, bytes, type, mime) => {
    expect(readHeader(bytes)).toMatchObject({ type, mime })
  })

  test('so that an unsupported format is told apart from a file that is not an image', () => {
    expect(readHeader(box('avif')).obstacle).toBe('FORMAT')
    expect(readHeader(ascii('{"error": 404}')).obstacle).toBe('NOT_AN_IMAGE')
  })
})

describe('size, transparency and colour are read from the header', async () => {
  const size = { width: 40, height: 30, orientation: 1, icc: undefined, obstacle: undefined }
  const grey = { ...size, alpha: false, grey: true }
  const color = { ...size, alpha: false, grey: false }
  const alpha = { ...size, alpha: true, grey: false }
  const greySharp = () => sharpOf(greyGradient(40, 30)).removeAlpha().toColourspace('b-w')
  const files: [string, Uint8Array, object][] = [
    ['baseline JPEG', jpeg, color],
    ['progressive JPEG', progressive, color],
    ['grey JPEG', await greySharp().jpeg().toBuffer(), grey],
    ['RGB PNG', png, color],
    ['RGBA PNG', await sharpOf(translucent).png().toBuffer(), alpha],
    ['grey PNG', await greySharp().png().toBuffer(), grey],
    ['palette PNG', await sharpOf(picture).removeAlpha().png({ palette: true }).toBuffer(), color],
    ['palette PNG with tRNS', await sharpOf(translucent).png({ palette: true }).toBuffer(), alpha],
    ['16-bit PNG', await sharpOf(picture).removeAlpha().toColourspace('rgb16').png().toBuffer(), color],
    ['lossy WebP', webp, color],
    ['lossless WebP', await sharpOf(picture).removeAlpha().webp({ lossless: true }).toBuffer(), color],
    ['lossy WebP with alpha', await sharpOf(translucent).webp().toBuffer(), alpha],
    ['lossless WebP with alpha', await sharpOf(translucent).webp({ lossless: true }).toBuffer(), alpha],
    [
      'GIF with transparency',
      await sharpOf(gradient(40, 30, (x) => (x < 9 ? 0 : 255)))
        .gif()
        .toBuffer(),
      alpha,
    ],
    ['24-bit BMP', bmp24(picture), color],
    ['top-down BMP', bmp24(picture, true), color],
    ['BMP with a grey palette', bmp8(picture, (i) => [i, i, i]), grey],
    ['BMP with a coloured palette', bmp8(picture, (i) => [i, 0, i]), color],
  ]
  test.each(files)('%s', (_, bytes, expected) => {
    expect(readHeader(bytes)).toMatchObject(expected)
  })
})

describe('the orientation is read from EXIF', () => {
  for (const orientation of [1, 2, 3, 4, 5, 6, 7, 8] as const) {
    const upright = orientation < 5 ? { width: 40, height: 30 } : { width: 30, height: 40 }
    test.each(['jpeg', 'png'] as const)(`for orientation ${orientation} in %s`, async (format) => {
      const file = await sharpOf(picture).withMetadata({ orientation }).toFormat(format).toBuffer()
      const header = readHeader(file)
      expect(header).toMatchObject({ type: format, orientation, width: 40, height: 30 })
      expect(uprightSize(header)).toEqual(upright)
    })

    test(`but not for orientation ${orientation} in WebP, which no browser turns`, async () => {
      const file = await sharpOf(picture).withMetadata({ orientation }).webp().toBuffer()
      expect(readHeader(file)).toMatchObject({ type: 'webp', orientation: 1, width: 40, height: 30 })
    })
  }

  test.each([
    ['if its value is unknown', 9],
    ['if its value is 0', 0],
  ])('as upright %s', (_, value) => {
    const exif = concat([
      ascii('MM\0*'),
      words(8),
      Uint8Array.of(0, 1, 0x01, 0x12, 0, 3),
      words(1),
      Uint8Array.of(0, value, 0, 0),
    ])
    expect(readHeader(withChunks(png, 'IDAT', [pngChunk('eXIf', exif)])).orientation).toBe(1)
  })

  test('of a JPEG whatever the sixth byte of the prefix is, but not without the zero before it', () => {
    const tiff = concat([ascii('MM\0*'), words(8), Uint8Array.of(0, 1, 0x01, 0x12, 0, 3), words(1), words(6 << 16)])
    const orientationOf = (...prefix: number[]) =>
      readHeader(withSegments(jpeg, jpegSegment(0xe1, concat([ascii('Exif'), Uint8Array.from(prefix), tiff]))))
        .orientation
    for (const byte of [0, 1, 255]) expect(orientationOf(0, byte)).toBe(6)
    expect(orientationOf(32, 0)).toBe(1)
  })

  test('as upright if the EXIF block points beyond its own end', () => {
    const exif = concat([ascii('MM\0*'), words(0xfffffff0)])
    expect(readHeader(withChunks(png, 'IDAT', [pngChunk('eXIf', exif)]))).toMatchObject({
      orientation: 1,
      obstacle: undefined,
    })
  })
})

describe('the header shows that', () => {
  const acTL = (count: number) => pngChunk('acTL', words(count, 0))
  const fcTL = pngChunk('fcTL', concat([words(0, 40, 30, 0, 0), new Uint8Array(6)]))

  test('GIF and WebP files with two frames are animations', async () => {
    expect(readHeader(await frames.clone().gif().toBuffer()).obstacle).toBe('ANIMATED')
    expect(readHeader(await frames.clone().webp().toBuffer()).obstacle).toBe('ANIMATED')
  })

  test('an APNG is an animation, whether or not its first frame is the still picture', () => {
    expect(readHeader(withChunks(png, 'IDAT', [acTL(2), fcTL])).obstacle).toBe('ANIMATED')
    expect(readHeader(withChunks(png, 'IDAT', [acTL(1)])).obstacle).toBe('ANIMATED')
  })

  test('an APNG is not an animation if its only frame is the still picture', () => {
    expect(readHeader(withChunks(png, 'IDAT', [acTL(1), fcTL])).obstacle).toBeUndefined()
  })
})

describe('a variant that none of the decoders reads correctly is refused', async () => {
  const frameAt = markerAt(jpeg, 0xc0)
  const cmyk = await sharpOf(picture).toColourspace('cmyk').jpeg().toBuffer()
  const bmp = bmp24(picture)
  const files: [string, Uint8Array, string][] = [
    ['CMYK JPEG', cmyk, 'CMYK'],
    ['arithmetic JPEG', patched(jpeg, frameAt + 1, 0xc9), 'FORMAT'],
    ['lossless JPEG', patched(jpeg, frameAt + 1, 0xc3), 'FORMAT'],
    ['12-bit JPEG', patched(jpeg, frameAt + 4, 12), 'FORMAT'],
    ['HDR PNG', withChunks(png, 'IDAT', [pngChunk('cICP', Uint8Array.of(9, 16, 0, 1))]), 'FORMAT'],
    ['run-length BMP', patched(bmp, 30, 1), 'FORMAT'],
    ['BMP with a JPEG inside', patched(bmp, 30, 4), 'FORMAT'],
    ['OS/2 2.x BMP', patched(bmp, 14, 64), 'FORMAT'],
  ]
  test.each(files)('%s', (_, bytes, obstacle) => {
    expect(readHeader(bytes).obstacle).toBe(obstacle)
  })
})

describe('a file that ends before its first pixel is reported as damaged', () => {
  const scanAt = markerAt(jpeg, 0xda)
  const files: [string, Uint8Array][] = [
    ['JPEG', jpeg.subarray(0, scanAt)],
    ['PNG', png.subarray(0, png.indexOf('IDAT'))],
    ['WebP', webp.subarray(0, 20)],
    ['GIF', gif.subarray(0, 20)],
    ['BMP', bmp24(picture).subarray(0, 60)],
  ]
  test.each(files)('%s', (_, bytes) => {
    expect(readHeader(bytes).obstacle).toBe('DAMAGED')
  })
})

describe('a file that needs more time or memory than its size suggests is refused', () => {
  const scanAt = progressive.lastIndexOf(Buffer.of(0xff, 0xda))
  const scan = progressive.subarray(scanAt, -2)
  const repeated = (count: number) => concat([progressive.subarray(0, -2), ...Array<Uint8Array>(count).fill(scan)])
  const text = pngChunk('tEXt', ascii('a\0b'))
  const wide = markerAt(progressive, 0xc2) + 5

  test('a JPEG with 500 scans', () => {
    expect(readHeader(repeated(500)).obstacle).toBe('TOO_COMPLEX')
    expect(readHeader(repeated(20)).obstacle).toBeUndefined()
  })

  test('a JPEG with few scans but too many pixels in each scan (its size is still reported)', () => {
    expect(readHeader(patched(progressive, wide, 0xff, 0, 0xff, 0))).toMatchObject({
      width: 0xff00,
      height: 0xff00,
      obstacle: 'TOO_COMPLEX',
    })
  })

  test('a JPEG with 2000 comments', () => {
    const comments = Array<Uint8Array>(2000).fill(Uint8Array.of(0xff, 0xfe, 0, 2))
    const file = concat([jpeg.subarray(0, 2), ...comments, jpeg.subarray(2)])
    expect(readHeader(file).obstacle).toBe('TOO_COMPLEX')
  })

  test('a JPEG with a million markers without a length, before and behind its scan, but not one with 900', () => {
    const frame = markerAt(jpeg, 0xc0)
    for (const code of [0x01, 0xd0, 0xd7]) {
      for (const at of [2, frame, jpeg.length - 2]) {
        const withMarkers = (count: number) =>
          concat([
            jpeg.subarray(0, at),
            new Uint8Array(2 * count).map((_, i) => (i % 2 ? code : 0xff)),
            jpeg.subarray(at),
          ])
        expect(readHeader(withMarkers(1_000_000)).obstacle).toBe('TOO_COMPLEX')
        expect(readHeader(withMarkers(900)).obstacle).toBeUndefined()
      }
    }
  })

  test('a JPEG with more restart markers than blocks, but not one with a marker for each block', () => {
    const large = patched(jpeg, markerAt(jpeg, 0xc0) + 5, 0x04, 0, 0x04, 0) // 1024 x 1024 pixels
    const withMarkers = (count: number) => {
      const markers = new Uint8Array(8 * count).map((_, i) => [0x12, 0x34, 0x56, 0x78, 0x12, 0x34, 0xff, 0xd0][i % 8])
      return concat([large.subarray(0, -2), markers, large.subarray(-2)])
    }
    expect(readHeader(withMarkers(128 * 128)).obstacle).toBeUndefined()
    expect(readHeader(withMarkers(4 * 128 * 128)).obstacle).toBe('TOO_COMPLEX')
  })

  test('a JPEG with a profile larger than any real one', () => {
    const part = concat([Uint8Array.of(0xff, 0xe2, 0xff, 0xff), ascii('ICC_PROFILE\0'), new Uint8Array(65521)])
    const file = concat([jpeg.subarray(0, 2), ...Array<Uint8Array>(16).fill(part), jpeg.subarray(2)])
    expect(readHeader(file).obstacle).toBe('TOO_COMPLEX')
  })

  test('a BMP with a profile larger than any real one', () => {
    const withProfile = (bytes: number) => {
      const header = new Uint8Array(14 + 124)
      const view = new DataView(header.buffer)
      header.set(ascii('BM'))
      view.setUint32(10, header.length, true)
      for (const [at, value] of [
        [14, 124],
        [18, 1],
        [22, 1],
        [112 + 14, 124 + 4],
        [116 + 14, bytes],
      ]) {
        view.setUint32(at, value, true)
      }
      view.setUint16(28, 24, true)
      header.set(ascii('DEBM'), 14 + 56)
      return readHeader(concat([header, new Uint8Array(4 + bytes)]))
    }
    const { obstacle, icc } = withProfile(1_000_000)
    expect([obstacle, icc!.length]).toEqual([undefined, 1_000_000])
    expect(withProfile(1_000_001).obstacle).toBe('TOO_COMPLEX')
  })

  test('a PNG with 20,000 text chunks', () => {
    expect(readHeader(withChunks(png, 'IDAT', Array<Uint8Array>(20_000).fill(text))).obstacle).toBe('TOO_COMPLEX')
    expect(readHeader(withChunks(png, 'IDAT', Array<Uint8Array>(900).fill(text))).obstacle).toBeUndefined()
  })

  test('a PNG with 30,000 empty data chunks', () => {
    const empty = Array<Uint8Array>(30_000).fill(pngChunk('IDAT', new Uint8Array()))
    expect(readHeader(withChunks(png, 'IDAT', empty)).obstacle).toBe('TOO_COMPLEX')
  })

  test('a WebP with 1200 chunks, wherever they are', () => {
    const junk = Array<Uint8Array>(1200).fill(concat([ascii('junk'), new Uint8Array(4)]))
    const after = concat([webp, ...junk])
    new DataView(after.buffer).setUint32(4, after.length - 8, true)
    const inFrame = (count: number) => frameOfChunks(webp, 40, 30, count)
    for (const file of [after, inFrame(1200), inFrame(1_200_000)]) {
      expect(readHeader(file).obstacle).toBe('TOO_COMPLEX')
    }
    expect(readHeader(inFrame(900))).toMatchObject({ width: 40, height: 30, obstacle: undefined })
  })
})

test('the next marker of a JPEG is found as by a look at each byte', () => {
  const slow = (bytes: Uint8Array, from: number) => {
    for (let at = from; at + 1 < bytes.length; at++) {
      if (bytes[at] === 0xff && bytes[at + 1] !== 0 && bytes[at + 1] !== 0xff)
        return { code: bytes[at + 1], end: at + 2 }
    }
    return undefined
  }
  const { next: random } = createRandom(7)
  for (let round = 0; round < 2000; round++) {
    const share = random()
    const bytes = Uint8Array.from({ length: Math.floor(60 * random()) }, () =>
      random() < share ? 0x12 : [0xff, 0, 0xd0, 0xda][Math.floor(4 * random())],
    )
    for (let at = 0; at <= bytes.length; at++) expect(nextMarker(bytes, at)).toEqual(slow(bytes, at))
  }
})

// A huge size is not an obstacle, because the caller limits the number of pixels.
describe('the size in the header shows that', () => {
  test('a PNG of 65535x65535 pixels is possible, but a PNG that is 2147483648 pixels wide is damaged', () => {
    expect(readHeader(withIhdr(png, ihdr(65535, 65535, 8, 2, 0, 0, 0)))).toMatchObject({
      width: 65535,
      height: 65535,
      obstacle: undefined,
    })
    expect(readHeader(withIhdr(png, ihdr(2 ** 31, 1, 8, 2, 0, 0, 0))).obstacle).toBe('DAMAGED')
  })

  test('a lossless WebP of 268 megapixels in 34 bytes is possible', () => {
    const size = 16383 - 1
    const bits = size | (size << 14)
    const data = Uint8Array.of(0x2f, bits, bits >> 8, bits >> 16, bits >> 24, 0, 0, 0, 0, 0)
    const chunk = concat([ascii('VP8L'), Uint8Array.of(data.length, 0, 0, 0), data])
    const file = concat([ascii('RIFF'), Uint8Array.of(22, 0, 0, 0), ascii('WEBP'), chunk])
    expect(readHeader(file)).toMatchObject({ width: 16383, height: 16383, obstacle: undefined })
  })

  test('a WebP whose canvas and picture differ in size is damaged', async () => {
    const file = await sharpOf(translucent).webp().toBuffer()
    const canvas = file.indexOf('VP8X') + 12
    expect(readHeader(patched(file, canvas, 0xff, 0xff, 0))).toMatchObject({
      width: 65536,
      obstacle: 'DAMAGED',
    })
  })

  test('a GIF whose frame exceeds its screen is damaged', () => {
    expect(readHeader(patched(gif, 6, 20, 0)).obstacle).toBe('DAMAGED')
  })

  test('a BMP with too few bytes for its size is damaged', () => {
    expect(readHeader(patched(bmp24(picture), 18, 0xff, 0xff, 0xff, 0x7f)).obstacle).toBe('DAMAGED')
    expect(readHeader(patched(bmp24(picture), 22, 0, 0, 0, 0x80)).obstacle).toBe('DAMAGED')
  })
})

test('junk between the segments of a JPEG is skipped, as in libjpeg', () => {
  const at = markerAt(jpeg, 0xc0)
  const junk = Uint8Array.of(1, 2, 3, 0xff, 0, 0xff, 0xff)
  const file = concat([jpeg.subarray(0, at), junk, jpeg.subarray(at)])
  expect(readHeader(file)).toMatchObject({ width: 40, height: 30, obstacle: undefined })
})

test('bytes after the stated length of a WebP, such as padding or further pictures, are ignored', async () => {
  const whole = readHeader(webp)
  for (const tail of [new Uint8Array(9000), webp.subarray(12), await frames.clone().webp().toBuffer()]) {
    expect(readHeader(concat([webp, tail]))).toEqual(whole)
  }
})

test('an animation frame in a WebP that is not an animation is ignored, as in libwebp', async () => {
  const animation = await frames.clone().webp().toBuffer()
  const frame = animation.subarray(animation.indexOf('ANMF'))
  const file = concat([webp, frame])
  new DataView(file.buffer).setUint32(4, file.length - 8, true)
  expect(readHeader(file)).toMatchObject({ width: 40, height: 30, obstacle: undefined })
})

test('scans after the end of a JPEG are not counted, because phones append further pictures', () => {
  const file = concat([progressive, ...Array<Uint8Array>(20).fill(progressive)])
  expect(readHeader(file).obstacle).toBeUndefined()
})

describe('the first bytes of a file', async () => {
  const turned = { orientation: 6 }
  const files: [string, Uint8Array][] = [
    ['JPEG', jpeg],
    ['progressive JPEG', progressive],
    ['turned JPEG', await sharpOf(picture).withMetadata(turned).jpeg().toBuffer()],
    ['PNG with one chunk of pixels', png],
    ['turned PNG', await sharpOf(picture).withMetadata(turned).png().toBuffer()],
    ['WebP', webp],
    ['WebP whose EXIF follows the pixels', await sharpOf(picture).withMetadata(turned).webp().toBuffer()],
    ['WebP with alpha', await sharpOf(translucent).webp().toBuffer()],
    ['GIF', gif],
    ['BMP', bmp24(picture)],
  ]

  test.each(files)('give the header of a %s, or say that it goes on behind them', (_, file) => {
    const whole = readHeader(file)
    const read = Array.from({ length: file.length + 1 }, (_unused, bytes) =>
      readHeader(file.subarray(0, bytes), Infinity),
    )
    const known = read.filter(({ obstacle }) => obstacle === undefined)
    expect(known.length).toBeGreaterThan(0)
    for (const { type, width, height, orientation } of known) {
      expect({ type, ...uprightSize({ width, height, orientation }) }).toEqual({
        type: whole.type,
        ...uprightSize(whole),
      })
    }
    const others = new Set(read.map(({ obstacle }) => obstacle).filter((obstacle) => obstacle !== undefined))
    expect([...others].every((obstacle) => obstacle === 'DAMAGED' || obstacle === 'NOT_AN_IMAGE')).toBe(true)
  })

  test('of a file that is not decoded say so before it ends', async () => {
    const animation = await frames.clone().webp().toBuffer()
    const early = readHeader(animation.subarray(0, animation.length - 8), Infinity)
    expect(early.obstacle).toBe('ANIMATED')
  })
})
