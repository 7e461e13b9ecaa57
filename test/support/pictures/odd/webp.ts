// WebP files with one fault each. https://developers.google.com/speed/webp/docs/riff_container (RFC 9649)
import sharp from 'sharp'
import { concat } from '../../../../worker/base/concat.ts'
import { latin1, u24le, u32le } from '../../../fuzz/encode.ts'
import { riffChunks } from '../../../../worker/codec/header/webp.ts'
import { type OddFile, patched } from './file.ts'

const [WIDTH, HEIGHT] = [25, 17]
const ALPHA_FLAG = 0x10
const ANIMATION_FLAG = 0x02

interface Chunk {
  readonly type: string
  readonly data: Uint8Array
  /** Added to the stated length. */
  readonly lengthError?: number
  readonly hasPadding?: boolean
}

function chunkBytes({ type, data, lengthError = 0, hasPadding = true }: Chunk): Uint8Array {
  const padding = hasPadding ? data.length % 2 : 0
  return concat([latin1(type), u32le(data.length + lengthError), data, new Uint8Array(padding)])
}

function fileOf(chunks: readonly Chunk[], lengthError = 0): Uint8Array {
  const body = concat(chunks.map(chunkBytes))
  return concat([latin1('RIFF'), u32le(4 + body.length + lengthError), latin1('WEBP'), body])
}

const extended = (flags: number, width = WIDTH, height = HEIGHT): Chunk => ({
  type: 'VP8X',
  data: concat([u32le(flags), u24le(width - 1), u24le(height - 1)]),
})

const data = Uint8Array.from({ length: 4 * WIDTH * HEIGHT }, (_, i) => {
  const [x, y] = [(i >> 2) % WIDTH, Math.floor((i >> 2) / WIDTH)]
  return [9 * x, 14 * y, 128 + 60 * Math.sin(x * y), 40 + ((31 * x + 17 * y) % 200)][i & 3]
})
const picture = () => sharp(data, { raw: { width: WIDTH, height: HEIGHT, channels: 4 } })
const chunksOf = (file: Uint8Array): Chunk[] =>
  [...riffChunks(file, 12)].map(({ type, data: content }) => ({ type, data: content }))
const find = (chunks: readonly Chunk[], type: string) => chunks.find((one) => one.type === type)!

const lossy = find(chunksOf(await picture().removeAlpha().webp().toBuffer()), 'VP8 ')
const lossyAlpha = chunksOf(await picture().webp().toBuffer())
const alpha = find(lossyAlpha, 'ALPH')
const color = find(lossyAlpha, 'VP8 ')
const lossless = find(chunksOf(await picture().removeAlpha().webp({ lossless: true }).toBuffer()), 'VP8L')
const losslessAlpha = find(chunksOf(await picture().webp({ lossless: true }).toBuffer()), 'VP8L')
/** The bit that says whether alpha is used, in the fifth byte. */
const withAlphaBit = (chunk: Chunk, isSet: boolean): Chunk => ({
  ...chunk,
  data: patched(chunk.data, 4, isSet ? chunk.data[4] | 0x10 : chunk.data[4] & ~0x10),
})
const cut = (chunk: Chunk, share: number): Chunk => ({
  ...chunk,
  data: chunk.data.subarray(0, Math.floor(share * chunk.data.length)),
})
/** Makes the length odd or even, by a byte behind the picture. */
const odd = (chunk: Chunk): Chunk => ({
  ...chunk,
  data: chunk.data.length % 2 ? chunk.data : concat([chunk.data, new Uint8Array(1)]),
})
const flipped = (chunk: Chunk, share: number): Chunk => {
  const at = Math.floor(share * chunk.data.length)
  return { ...chunk, data: patched(chunk.data, at, chunk.data[at] ^ 0x55) }
}
const unknown: Chunk = { type: 'junk', data: latin1('some text') }

function frameOf(chunks: readonly Chunk[], x = 0, y = 0, width = WIDTH, height = HEIGHT): Chunk {
  const place = concat([u24le(x / 2), u24le(y / 2), u24le(width - 1), u24le(height - 1), u24le(100), new Uint8Array(1)])
  return { type: 'ANMF', data: concat([place, ...chunks.map(chunkBytes)]) }
}
const anim: Chunk = { type: 'ANIM', data: new Uint8Array(6) }

const FILES: Readonly<Record<string, Uint8Array>> = {
  'lossy, no fault': fileOf([lossy]),
  'lossless, no fault': fileOf([lossless]),
  'lossless with alpha, no fault': fileOf([losslessAlpha]),
  'lossy with alpha, no fault': fileOf(lossyAlpha),
  'extended, lossy': fileOf([extended(0), lossy]),
  'extended, lossless': fileOf([extended(0), lossless]),
  // transparency
  'ALPH without the flag': fileOf([extended(0), alpha, color]),
  'ALPH without VP8X': fileOf([alpha, color]),
  'ALPH behind the picture': fileOf([extended(ALPHA_FLAG), color, alpha]),
  'ALPH twice': fileOf([extended(ALPHA_FLAG), alpha, alpha, color]),
  'ALPH beside VP8L': fileOf([extended(ALPHA_FLAG), alpha, lossless]),
  'ALPH beside VP8L with alpha': fileOf([extended(ALPHA_FLAG), alpha, losslessAlpha]),
  'the flag without ALPH': fileOf([extended(ALPHA_FLAG), lossy]),
  'lossless with alpha, without the flag': fileOf([extended(0), losslessAlpha]),
  'lossless with alpha, with the flag': fileOf([extended(ALPHA_FLAG), losslessAlpha]),
  'lossless with the flag but without alpha': fileOf([extended(ALPHA_FLAG), lossless]),
  'lossless with alpha but without its bit': fileOf([withAlphaBit(losslessAlpha, false)]),
  'lossless with the bit but without alpha': fileOf([withAlphaBit(lossless, true)]),
  'lossless with alpha, without bit and flag': fileOf([extended(0), withAlphaBit(losslessAlpha, false)]),
  'lossless with alpha, with the flag but without its bit': fileOf([
    extended(ALPHA_FLAG),
    withAlphaBit(losslessAlpha, false),
  ]),
  'ALPH that is cut': fileOf([extended(ALPHA_FLAG), cut(alpha, 0.5), color]),
  'ALPH that is empty': fileOf([extended(ALPHA_FLAG), cut(alpha, 0), color]),
  'ALPH of one byte': fileOf([extended(ALPHA_FLAG), { ...alpha, data: alpha.data.subarray(0, 1) }, color]),
  'ALPH of an unknown method': fileOf([extended(ALPHA_FLAG), { ...alpha, data: patched(alpha.data, 0, 3) }, color]),
  'ALPH that is broken': fileOf([extended(ALPHA_FLAG), flipped(alpha, 0.1), color]),
  'ALPH that is cut, without the flag': fileOf([extended(0), cut(alpha, 0.5), color]),
  // lengths
  ...Object.fromEntries(
    (
      [
        ['lossy', [lossy]],
        ['lossless', [lossless]],
        ['lossy with alpha', [extended(ALPHA_FLAG), alpha, color]],
        ['extended', [extended(0), lossy]],
      ] as [string, Chunk[]][]
    ).flatMap(([kind, chunks]) => {
      const file = fileOf(chunks)
      const last = chunks.at(-1)!
      const rest = chunks.slice(0, -1)
      const cuts = [0.25, 0.5, 0.9, 0.99].map((share): [string, Uint8Array] => [
        `${kind}, ${100 * share} % of the file`,
        file.subarray(0, Math.floor(share * file.length)),
      ])
      const others: [string, Uint8Array][] = [
        [`${kind}, all but one byte`, fileOf([...rest, odd(last)]).subarray(0, -2)],
        [`${kind}, no padding at the end`, fileOf([...rest, { ...odd(last), hasPadding: false }])],
        [`${kind}, no padding, but counted`, fileOf([...rest, { ...odd(last), hasPadding: false }], 1)],
        [`${kind}, half of the picture, then a chunk`, fileOf([...rest, cut(last, 0.5), unknown])],
        [`${kind}, RIFF states 1 byte too many`, fileOf(chunks, 1)],
        [`${kind}, RIFF states 1000 bytes too many`, fileOf(chunks, 1000)],
        [`${kind}, RIFF states 2 GB`, patched(file, 4, 0xf0, 0xff, 0xff, 0x7f)],
        [`${kind}, RIFF states 4 GB`, patched(file, 4, 0xfe, 0xff, 0xff, 0xff)],
        [`${kind}, RIFF states 1 byte too few`, fileOf(chunks, -1)],
        [`${kind}, RIFF states 2 bytes too few`, fileOf(chunks, -2)],
        [`${kind}, RIFF states half`, fileOf(chunks, -(file.length >> 1))],
        [`${kind}, RIFF states nothing`, patched(file, 4, 0, 0, 0, 0)],
        [`${kind}, RIFF states 4 bytes`, patched(file, 4, 4, 0, 0, 0)],
        [`${kind}, bytes behind the end`, concat([file, new Uint8Array(99).fill(7)])],
        [`${kind}, the picture states 1 byte too many`, fileOf([...rest, { ...last, lengthError: 1 }])],
        [`${kind}, the picture states 100 bytes too many`, fileOf([...rest, { ...last, lengthError: 100 }])],
        [`${kind}, the picture states 2 GB`, fileOf([...rest, { ...last, lengthError: 0x7fffff00 }])],
        [`${kind}, the picture states 4 bytes too few`, fileOf([...rest, { ...last, lengthError: -4 }])],
        [`${kind}, the picture states half`, fileOf([...rest, { ...last, lengthError: -(last.data.length >> 1) }])],
        [`${kind}, the picture is empty`, fileOf([...rest, cut(last, 0)])],
        [`${kind}, broken at the start`, fileOf([...rest, flipped(last, 0.05)])],
        [`${kind}, broken in the middle`, fileOf([...rest, flipped(last, 0.5)])],
        [`${kind}, a chunk before the picture`, fileOf([...rest, unknown, last])],
        [
          `${kind}, a chunk before the picture without padding`,
          fileOf([...rest, { ...unknown, hasPadding: false }, last]),
        ],
        [`${kind}, a chunk behind the picture`, fileOf([...chunks, unknown])],
        [`${kind}, a chunk behind the picture without padding`, fileOf([...chunks, { ...unknown, hasPadding: false }])],
        [`${kind}, the picture twice`, fileOf([...chunks, last])],
        [`${kind}, no picture`, fileOf(rest)],
      ]
      return cuts.concat(others)
    }),
  ),
  // the canvas
  'extended, larger canvas': fileOf([extended(0, WIDTH + 5, HEIGHT + 5), lossy]),
  'extended, smaller canvas': fileOf([extended(0, WIDTH - 5, HEIGHT - 5), lossy]),
  'extended, VP8X of 9 bytes': fileOf([{ ...extended(0), data: extended(0).data.subarray(0, 9) }, lossy]),
  'extended, VP8X of 12 bytes': fileOf([
    { ...extended(0), data: concat([extended(0).data, new Uint8Array(2)]) },
    lossy,
  ]),
  'extended, VP8X behind the picture': fileOf([lossy, extended(0)]),
  'extended, VP8X twice': fileOf([extended(0), extended(0), lossy]),
  'extended, reserved bits': fileOf([{ ...extended(0), data: patched(extended(0).data, 0, 0xc1, 1, 2, 3) }, lossy]),
  'extended, all flags but animation': fileOf([extended(0x3c), alpha, color]),
  'extended, the animation flag without a frame': fileOf([extended(ANIMATION_FLAG), lossy]),
  'extended, ANMF without the animation flag': fileOf([extended(0), anim, frameOf([lossy])]),
  'animated, one frame': fileOf([extended(ANIMATION_FLAG), anim, frameOf([lossy])]),
  'animated, one frame without ANIM': fileOf([extended(ANIMATION_FLAG), frameOf([lossy])]),
  'animated, one frame, alpha and the flag': fileOf([
    extended(ANIMATION_FLAG | ALPHA_FLAG),
    anim,
    frameOf([alpha, color]),
  ]),
  'animated, one frame, alpha without the flag': fileOf([extended(ANIMATION_FLAG), anim, frameOf([alpha, color])]),
  'animated, one frame, lossless alpha without the flag': fileOf([
    extended(ANIMATION_FLAG),
    anim,
    frameOf([losslessAlpha]),
  ]),
  'animated, one frame that is cut': fileOf([extended(ANIMATION_FLAG), anim, frameOf([lossy])]).subarray(0, -40),
  'animated, one frame, beyond the canvas': fileOf([extended(ANIMATION_FLAG), anim, frameOf([lossy], 4, 4)]),
  'animated, one frame, of another size than stated': fileOf([
    extended(ANIMATION_FLAG),
    anim,
    frameOf([lossy], 0, 0, WIDTH - 1, HEIGHT),
  ]),
  // the picture
  'lossy, no start code': fileOf([{ ...lossy, data: patched(lossy.data, 3, 0) }]),
  'lossy, not a key frame': fileOf([{ ...lossy, data: patched(lossy.data, 0, lossy.data[0] | 1) }]),
  'lossy, not shown': fileOf([{ ...lossy, data: patched(lossy.data, 0, lossy.data[0] & ~0x10) }]),
  'lossy, version 3': fileOf([{ ...lossy, data: patched(lossy.data, 0, lossy.data[0] | 6) }]),
  'lossy, version 7': fileOf([{ ...lossy, data: patched(lossy.data, 0, lossy.data[0] | 0xe) }]),
  'lossy, scaling bits': fileOf([{ ...lossy, data: patched(lossy.data, 7, lossy.data[7] | 0x40) }]),
  'lossy, first partition too large': fileOf([{ ...lossy, data: patched(lossy.data, 1, 0xff, 0xff) }]),
  'lossless, version 1': fileOf([{ ...lossless, data: patched(lossless.data, 4, lossless.data[4] | 0x20) }]),
  'lossless, no signature': fileOf([{ ...lossless, data: patched(lossless.data, 0, 0) }]),
  'lossless named lossy': fileOf([{ ...lossless, type: 'VP8 ' }]),
  'lossy named lossless': fileOf([{ ...lossy, type: 'VP8L' }]),
  'a raw VP8 without a chunk': concat([latin1('RIFF'), u32le(4 + lossy.data.length), latin1('WEBP'), lossy.data]),
}

export const ODD_WEBPS: readonly OddFile[] = Object.entries(FILES).map(([name, bytes]) => ({
  name: `WebP: ${name}`,
  bytes,
}))
