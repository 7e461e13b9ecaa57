// Draws files that cost far more than their pixels suggest, unless the worker limits what it does with them.
import { deflateRawSync, constants, deflateSync } from 'node:zlib'
import { concat } from '../../../worker/base/concat.ts'
import { latin1, u32le } from '../../fuzz/encode.ts'
import { pngChunk, words } from './png.ts'
import { PNG_SIGNATURE } from './pngFile.ts'

/** Bytes of a file. One of 25 MB, the default limit, takes two and a half times as long. */
const MOST_BYTES = 9_900_000

/** Repeats `unit` up to `bytes` in all. */
function flood(unit: readonly number[] | Uint8Array, bytes = MOST_BYTES): Uint8Array {
  const all = Buffer.alloc(bytes)
  return new Uint8Array(all.fill(Uint8Array.from(unit)))
}

const png = (width: number, height: number, colorType: number, ...parts: readonly Uint8Array[]) => {
  const head = concat([words(width, height), Uint8Array.of(8, colorType, 0, 0, 0)])
  return concat([PNG_SIGNATURE, pngChunk('IHDR', head), ...parts, pngChunk('IEND', new Uint8Array(0))])
}
const idat = (data: Uint8Array) => pngChunk('IDAT', data)
const ZLIB = Uint8Array.of(0x78, 0x9c)
const black = (pixels: number, channels: number, height: number) =>
  idat(deflateSync(Buffer.alloc(pixels * channels + height)))

/** Returns zeros as a deflated stream of `bytes` that inflates to a thousand times as many. */
function zeros(bytes: number): Uint8Array {
  const megabyte = deflateRawSync(Buffer.alloc(2 ** 20), { level: 9, finishFlush: constants.Z_FULL_FLUSH })
  return concat([ZLIB, flood(megabyte, bytes - (bytes % megabyte.length))])
}

const riff = (...chunks: readonly Uint8Array[]) => {
  const body = concat([latin1('WEBP'), ...chunks])
  return concat([latin1('RIFF'), u32le(body.length), body])
}

/** The files by what is in them. `jpeg` and `webp` are small pictures of 40 x 30 pixels. */
export function hostileFiles(jpeg: Uint8Array, webp: Uint8Array): Map<string, Uint8Array> {
  const jpegEnd = jpeg.subarray(0, -2)
  const gif = (...parts: readonly Uint8Array[]) =>
    concat([latin1('GIF89a'), Uint8Array.of(8, 0, 8, 0, 0x80, 0, 0, 0, 0, 0, 255, 255, 255), ...parts])
  const frame = Uint8Array.of(0x2c, 0, 0, 0, 0, 8, 0, 8, 0, 0, 2)
  return new Map([
    ['JPEG: restart markers before the frame', concat([jpeg.subarray(0, 2), flood([0xff, 0xd0]), jpeg.subarray(2)])],
    ['JPEG: restart markers behind the scan', concat([jpegEnd, flood([0xff, 0xd3])])],
    ['JPEG: stuffed bytes behind the scan', concat([jpegEnd, flood([0xff, 0])])],
    ['JPEG: fill bytes behind the scan', concat([jpegEnd, flood([0xff])])],
    ['JPEG: empty comments', concat([jpeg.subarray(0, 2), flood([0xff, 0xfe, 0, 2]), jpeg.subarray(2)])],
    ['PNG: 1x1 of 10 GB of zeros', png(1, 1, 2, idat(zeros(MOST_BYTES)))],
    ['PNG: 512x512 of 10 GB of zeros', png(512, 512, 6, idat(zeros(MOST_BYTES)))],
    ['PNG: 1x1 of two million empty blocks', png(1, 1, 2, idat(concat([ZLIB, flood([0, 0, 0, 0xff, 0xff])])))],
    ['PNG: 512x512 of two million empty blocks', png(512, 512, 6, idat(concat([ZLIB, flood([0, 0, 0, 0xff, 0xff])])))],
    [
      'PNG: a text of 10 GB',
      png(1, 1, 2, pngChunk('zTXt', concat([latin1('a\0\0'), zeros(MOST_BYTES)])), black(1, 3, 1)),
    ],
    ['PNG: a palette of 10 MB', png(1, 1, 3, pngChunk('PLTE', flood([7])), black(1, 1, 1))],
    ['PNG: empty data chunks', png(1, 1, 2, flood(idat(new Uint8Array(0))))],
    ['GIF: empty extensions', gif(flood([0x21, 0xfe, 0]))],
    ['GIF: a frame of clear codes in blocks of a byte', gif(frame, flood([1, 0x24]))],
    ['GIF: a frame of clear codes', gif(frame, flood([255, ...Array<number>(255).fill(0x24)]))],
    [
      'BMP: a height of two billion',
      concat([
        latin1('BM'),
        u32le(0),
        u32le(0),
        u32le(54),
        u32le(40),
        u32le(1),
        u32le(0x7fffffff),
        Uint8Array.of(1, 0, 24, 0),
        new Uint8Array(24),
        flood([1]),
      ]),
    ],
    ['WebP: empty chunks', riff(webp.subarray(12), flood([...latin1('junk'), 0, 0, 0, 0], 8_000_000))],
    ['SVG: comments', concat([flood(latin1('<!---->'), 700_000), latin1('<svg>')])],
  ])
}
