// PNG files of several kinds with one fault each. Browsers show many of them.
import { deflateSync, inflateSync } from 'node:zlib'
import { concat } from '../../../../worker/base/concat.ts'
import { pngChunks } from '../../../../worker/codec/header/png.ts'
import { latin1 } from '../../../fuzz/encode.ts'
import { pngChunk, words } from '../png.ts'
import { PNG_SIGNATURE, PNG_TAILS, type PngSpec, writePngFile } from '../pngFile.ts'
import { type OddFile, patched } from './file.ts'

/** A chunk of a file that is being changed. */
interface Part {
  readonly type: string
  readonly data: Uint8Array
  readonly hasWrongCrc?: boolean
  /** Added to the stated length. */
  readonly lengthError?: number
}

type Change = (parts: readonly Part[]) => readonly Part[]

const [WIDTH, HEIGHT] = [24, 16]
const byteAt = (i: number, y: number) => (37 * i + 61 * y + i * y) & 255
const palette = Uint8Array.from({ length: 3 * 16 }, (_, i) => (i * 53) & 255)
const paletteAlpha = Uint8Array.from({ length: 16 }, (_, i) => 17 * i)
const size = { width: WIDTH, height: HEIGHT, byteAt, filterAt: (y: number) => y % 5 }

/** The kinds of files that are changed. Each is changed with and without interlacing. */
const KINDS: Readonly<Record<string, PngSpec>> = {
  RGB: { ...size, colorType: 2, depth: 8 },
  RGBA: { ...size, colorType: 6, depth: 8 },
  grey: { ...size, colorType: 0, depth: 8 },
  '4-bit grey': { ...size, colorType: 0, depth: 4 },
  'grey and alpha': { ...size, colorType: 4, depth: 8 },
  palette: { ...size, colorType: 3, depth: 4, palette, transparency: paletteAlpha },
  '16-bit RGB': { ...size, colorType: 2, depth: 16 },
}

const partsOf = (file: Uint8Array): Part[] => [...pngChunks(file)].map(({ type, data }) => ({ type, data }))

function fileOf(parts: readonly Part[]): Uint8Array {
  const chunks = parts.map(({ type, data, hasWrongCrc = false, lengthError = 0 }) => {
    const whole = pngChunk(type, data)
    if (hasWrongCrc) whole[whole.length - 1] ^= 1
    if (lengthError) new DataView(whole.buffer).setUint32(0, data.length + lengthError)
    return whole
  })
  return concat([PNG_SIGNATURE, ...chunks])
}

const text: Part = { type: 'tEXt', data: latin1('Comment\0of some length') }
const part = (type: string, ...data: number[]): Part => ({ type, data: Uint8Array.from(data) })

/** Returns a change of all chunks of this type. */
const each =
  (type: string, change: (one: Part) => Partial<Part>): Change =>
  (parts) =>
    parts.map((one) => (one.type === type ? { ...one, ...change(one) } : one))
const withData = (type: string, change: (data: Uint8Array) => Uint8Array) =>
  each(type, ({ data }) => ({ data: change(data) }))
const without =
  (type: string): Change =>
  (parts) =>
    parts.filter((one) => one.type !== type)
const before =
  (type: string, ...added: Part[]): Change =>
  (parts) => {
    const at = parts.findIndex((one) => one.type === type)
    return [...parts.slice(0, at), ...added, ...parts.slice(at)]
  }
/** Splits the pixel data behind `first` bytes, and puts chunks between both parts. */
const split =
  (first: number, ...between: Part[]): Change =>
  (parts) =>
    parts.flatMap((one) =>
      one.type === 'IDAT'
        ? [{ ...one, data: one.data.subarray(0, first) }, ...between, { ...one, data: one.data.subarray(first) }]
        : [one],
    )
/** Makes several changes, one after another. */
const all =
  (...changes: readonly Change[]): Change =>
  (parts) =>
    changes.reduce((changed, change) => change(changed), parts)
/** Gives a wrong checksum to one of the IDAT chunks. */
const withWrongData =
  (index: number): Change =>
  (parts) => {
    const at = parts.findIndex(({ type }) => type === 'IDAT') + index
    return parts.with(at, { ...parts[at], hasWrongCrc: true })
  }
/** Returns a change of the inflated rows. */
const rows = (change: (inflated: Uint8Array) => Uint8Array) =>
  withData('IDAT', (data) => new Uint8Array(deflateSync(change(inflateSync(data)))))

/** Returns a zlib header that states a window of 2 ** (8 + bits) bytes, with a right or a wrong check. */
function zlibHeader(bits: number, method = 8, flags = 0, error = 0): (data: Uint8Array) => Uint8Array {
  const first = (bits << 4) | method
  const check = (31 - ((256 * first + flags) % 31)) % 31
  return (data) => patched(data, 0, first, (flags + check) ^ error)
}

const CHANGES: Readonly<Record<string, Change>> = {
  'no fault': (parts) => parts,
  'a wrong checksum of IHDR': each('IHDR', () => ({ hasWrongCrc: true })),
  'a wrong checksum of PLTE': each('PLTE', () => ({ hasWrongCrc: true })),
  'a wrong checksum of tRNS': each('tRNS', () => ({ hasWrongCrc: true })),
  'a wrong checksum of IDAT': each('IDAT', () => ({ hasWrongCrc: true })),
  'a wrong checksum of IEND': each('IEND', () => ({ hasWrongCrc: true })),
  'a wrong checksum of a text': before('IDAT', { ...text, hasWrongCrc: true }),
  'a wrong checksum of a text behind the pixels': before('IEND', { ...text, hasWrongCrc: true }),
  'a text that states one byte too many': before('IDAT', { ...text, lengthError: 1 }),
  'a text that states one byte too few': before('IDAT', { ...text, lengthError: -1 }),
  'a text that states 2 GB': before('IDAT', { ...text, lengthError: 0x7fff0000 }),
  'a text behind the pixels that states one byte too many': before('IEND', { ...text, lengthError: 1 }),
  'pixels that state one byte too many': each('IDAT', () => ({ lengthError: 1 })),
  'pixels that state four bytes too many': each('IDAT', () => ({ lengthError: 4 })),
  'pixels that state 1 MB too many': each('IDAT', () => ({ lengthError: 1e6 })),
  'pixels that state one byte too few': each('IDAT', () => ({ lengthError: -1 })),
  'pixels that state half of their bytes': each('IDAT', ({ data }) => ({ lengthError: -(data.length >> 1) })),
  'no IEND': without('IEND'),
  'an IEND that is not empty': withData('IEND', () => latin1('junk')),
  'an IEND between the pixels': split(30, part('IEND')),
  'no pixels': without('IDAT'),
  'empty pixels': withData('IDAT', () => new Uint8Array(0)),
  'an empty IDAT before the pixels': before('IDAT', part('IDAT')),
  'half of the pixels, and an end': withData('IDAT', (data) => data.subarray(0, data.length >> 1)),
  'all but the last bytes of the pixels': withData('IDAT', (data) => data.subarray(0, -12)),
  'rows too many': rows((inflated) => concat([inflated, new Uint8Array(500)])),
  '20 bytes too few': rows((inflated) => inflated.subarray(0, -20)),
  'one byte too few': rows((inflated) => inflated.subarray(0, -1)),
  'an unknown filter': rows((inflated) => patched(inflated, 0, 5)),
  'a flipped bit in the pixels': withData('IDAT', (data) =>
    patched(data, data.length >> 1, data[data.length >> 1] ^ 8),
  ),
  'pixels split by a text': split(30, text),
  'pixels split by an unknown chunk': split(30, part('abCd', 1, 2, 3)),
  'pixels split by a palette': split(30, { type: 'PLTE', data: palette }),
  'pixels split by transparency': split(30, part('tRNS', 0, 1, 0, 2, 0, 3)),
  'an unknown chunk that may be ignored': before('IDAT', part('abCd', 1, 2, 3)),
  'an unknown chunk that may not be ignored': before('IDAT', part('ABCD', 1, 2, 3)),
  'an unknown chunk behind the pixels that may not be ignored': before('IEND', part('ABCD', 1, 2, 3)),
  'a wrong checksum in pixels before a text': all(withWrongData(0), before('IEND', text)),
  'a wrong checksum in the first part of the pixels': all(split(30), withWrongData(0)),
  'a wrong checksum in the last part of the pixels': all(split(30), withWrongData(1)),
  'a chunk whose type is no letters': before('IDAT', part('1\0\0\0', 1, 2, 3)),
  ...Object.fromEntries(
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 15].map((bits) => [
      `a window of 2 ** ${8 + bits} bytes`,
      withData('IDAT', zlibHeader(bits)),
    ]),
  ),
  'a zlib header with a wrong check': withData('IDAT', zlibHeader(7, 8, 0x80, 1)),
  'a zlib header with a dictionary': withData('IDAT', zlibHeader(7, 8, 0x20)),
  'a zlib header of another method': withData('IDAT', zlibHeader(7, 9)),
  'no zlib header': withData('IDAT', (data) => data.subarray(2)),
  ...Object.fromEntries(PNG_TAILS.map(([name, alter]) => [name, withData('IDAT', alter)])),
  'transparency of no byte': before('IDAT', part('tRNS')),
  'transparency of one byte': before('IDAT', part('tRNS', 9)),
  'transparency of two bytes': before('IDAT', part('tRNS', 0, 61)),
  'transparency of three bytes': before('IDAT', part('tRNS', 0, 61, 3)),
  'transparency of five bytes': before('IDAT', part('tRNS', 0, 37, 0, 74, 0)),
  'transparency of six bytes': before('IDAT', part('tRNS', 0, 0, 0, 37, 0, 74)),
  'transparency of eight bytes': before('IDAT', part('tRNS', 0, 0, 0, 37, 0, 74, 0, 0)),
  'transparency with high bytes': before('IDAT', part('tRNS', 1, 0, 1, 37, 1, 74)),
  'transparency of 300 bytes': all(without('tRNS'), before('IDAT', { type: 'tRNS', data: new Uint8Array(300) })),
  'transparency of 17 bytes': all(without('tRNS'), before('IDAT', { type: 'tRNS', data: new Uint8Array(17).fill(99) })),
  'transparency twice': before('IDAT', part('tRNS', 0, 0, 0, 37, 0, 74), part('tRNS', 0, 0, 0, 37, 0, 74)),
  'transparency behind the pixels': before('IEND', part('tRNS', 0, 0, 0, 37, 0, 74)),
  'transparency before the palette': (parts) => {
    const alpha = parts.filter(({ type }) => type === 'tRNS')
    return [
      parts[0],
      ...(alpha.length > 0 ? alpha : [part('tRNS', 0, 61, 0, 61, 0, 61)]),
      ...parts.slice(1).filter(({ type }) => type !== 'tRNS'),
    ]
  },
  'a palette': before('IDAT', { type: 'PLTE', data: palette }),
  'a palette of 257 colours': all(without('PLTE'), before('IDAT', { type: 'PLTE', data: new Uint8Array(771).fill(5) })),
  'a palette of 256 colours': all(
    without('PLTE'),
    without('tRNS'),
    before('IDAT', { type: 'PLTE', data: new Uint8Array(768).fill(5) }),
  ),
  'a palette of one byte': all(without('PLTE'), before('IDAT', part('PLTE', 1))),
  'a palette with a part of a colour': all(
    without('PLTE'),
    without('tRNS'),
    before('IDAT', { type: 'PLTE', data: palette.subarray(0, 46) }),
  ),
  'an empty palette': all(without('PLTE'), before('IDAT', part('PLTE'))),
  'a palette of three colours': withData('PLTE', (data) => data.subarray(0, 9)),
  'a palette and alpha of three colours': (parts) =>
    parts.map((one) =>
      one.type === 'PLTE'
        ? { ...one, data: one.data.subarray(0, 9) }
        : one.type === 'tRNS'
          ? { ...one, data: one.data.subarray(0, 3) }
          : one,
    ),
  'no palette': without('PLTE'),
  'no palette and no transparency': (parts) => parts.filter(({ type }) => type !== 'PLTE' && type !== 'tRNS'),
  'a palette behind the pixels': all(without('PLTE'), before('IEND', { type: 'PLTE', data: palette })),
  'a palette twice': before('IDAT', { type: 'PLTE', data: palette }, { type: 'PLTE', data: palette.toReversed() }),
  'a header of 14 bytes': withData('IHDR', (data) => concat([data, Uint8Array.of(0)])),
  'a header of 12 bytes': withData('IHDR', (data) => data.subarray(0, 12)),
  'a header twice': (parts) => [parts[0], ...parts],
  'a text before the header': (parts) => [text, ...parts],
  'an unknown compression method': withData('IHDR', (data) => patched(data, 10, 1)),
  'an unknown filter method': withData('IHDR', (data) => patched(data, 11, 1)),
  'the filter method of MNG': withData('IHDR', (data) => patched(data, 11, 64)),
  'an unknown interlacing': withData('IHDR', (data) => patched(data, 12, 2)),
  'a depth of 3 bits': withData('IHDR', (data) => patched(data, 8, 3)),
  'a colour type of 1': withData('IHDR', (data) => patched(data, 9, 1)),
  'no width': withData('IHDR', (data) => patched(data, 0, 0, 0, 0, 0)),
  'iCCP that is empty': before('IDAT', part('iCCP')),
  'iCCP that is junk': before('PLTE', { type: 'iCCP', data: latin1('x\0\0junk') }),
  'sRGB with a wrong value': before('IDAT', part('sRGB', 99)),
  'pHYs of three bytes': before('IDAT', part('pHYs', 1, 2, 3)),
  'bKGD of one byte': before('IDAT', part('bKGD', 1)),
  'sBIT of one byte': before('IDAT', part('sBIT', 1)),
  'sBIT of 4 bits': before('IDAT', part('sBIT', 4, 4, 4, 4)),
  'acTL of no frames': before('IDAT', { type: 'acTL', data: words(0, 0) }),
  'acTL of one frame without fcTL': before('IDAT', { type: 'acTL', data: words(1, 0) }),
  'acTL of 4 bytes': before('IDAT', { type: 'acTL', data: words(1) }),
}

/** Changes of the whole file. */
const CUTS: Readonly<Record<string, (file: Uint8Array) => Uint8Array>> = {
  'half of IEND': (file) => file.subarray(0, -6),
  'bytes behind IEND': (file) => concat([file, new Uint8Array(500).fill(9)]),
  'another picture behind IEND': (file) => concat([file, file]),
  'half of the pixels, without an end': (file) => file.subarray(0, file.length >> 1),
  'all but the last pixels of the file': (file) => file.subarray(0, -12 - 4 - 12),
}

export const ODD_PNGS: readonly OddFile[] = Object.entries(KINDS).flatMap(([kind, spec]) =>
  [writePngFile(spec), writePngFile({ ...spec, isInterlaced: true })].flatMap((file, i) =>
    [
      ...Object.entries(CHANGES).map(([change, alter]) => [change, fileOf(alter(partsOf(file)))] as const),
      ...Object.entries(CUTS).map(([change, alter]) => [change, alter(file)] as const),
    ].flatMap(([change, changed]): OddFile[] => {
      const nameOf = (what: string) => `${i === 0 ? '' : 'interlaced '}${kind} PNG with ${what}`
      return change !== 'no fault' && Buffer.from(changed).equals(file)
        ? []
        : [{ name: nameOf(change), bytes: changed, unchanged: nameOf('no fault') }]
    }),
  ),
)
