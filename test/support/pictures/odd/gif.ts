// GIF files with one fault each. https://www.w3.org/Graphics/GIF/spec-gif89a.txt
import { concat } from '../../../../worker/base/concat.ts'
import { latin1, u16le } from '../../../fuzz/encode.ts'
import type { OddFile } from './file.ts'

const [WIDTH, HEIGHT] = [24, 16]

interface GifSpec {
  readonly version?: string
  readonly screen?: readonly [width: number, height: number]
  readonly frame?: readonly [x: number, y: number, width: number, height: number]
  /** Colours of the global and of the local palette: 0, or a power of two. */
  readonly globalColors?: number
  readonly localColors?: number
  readonly background?: number
  /** Index of the transparent colour. */
  readonly transparent?: number
  readonly isInterlaced?: boolean
  readonly codeSize?: number
  readonly pixels?: readonly number[]
  /** Codes in place of those of the pixels. */
  readonly codes?: readonly number[]
  /** Changes the coded bytes. */
  readonly alter?: (coded: Uint8Array) => Uint8Array
  readonly blockBytes?: number
  readonly hasBlockEnd?: boolean
  readonly before?: Uint8Array
  readonly after?: Uint8Array
}

const sizeBits = (colors: number) => (colors > 0 ? 0x80 | (Math.log2(colors) - 1) : 0)
const colorsOf = (count: number, shift: number) =>
  Uint8Array.from({ length: 3 * count }, (_, i) => (i * 53 + shift) & 255)
const pixelsOf = (count: number, colors = 16) => Array.from({ length: count }, (_, i) => (i * 7 + (i >> 5)) % colors)

/** Packs codes of at least `codeSize` + 1 bits; the width grows as a decoder's table does. */
function packed(codes: readonly number[], codeSize: number): Uint8Array {
  const bits: number[] = []
  const clear = 1 << codeSize
  let width = codeSize + 1
  let next = clear + 2
  let hasPrevious = false
  for (const code of codes) {
    for (let bit = 0; bit < width; bit++) bits.push((code >> bit) & 1)
    if (code === clear) {
      width = codeSize + 1
      next = clear + 2
      hasPrevious = false
    } else {
      if (hasPrevious && next < 4096) next++
      if (next === 1 << width && width < 12) width++
      hasPrevious = true
    }
  }
  const bytes = new Uint8Array(Math.ceil(bits.length / 8))
  for (const [i, bit] of bits.entries()) bytes[i >> 3] |= bit << (i & 7)
  return bytes
}

/** Compresses pixels. */
function lzw(pixels: readonly number[], codeSize: number): number[] {
  const clear = 1 << codeSize
  const codes = [clear]
  let table = new Map<string, number>()
  let next = clear + 2
  let run = ''
  const codeOf = (text: string) => (text.length === 1 ? text.charCodeAt(0) : table.get(text)!)
  for (const pixel of pixels) {
    const longer = run + String.fromCharCode(pixel)
    if (longer.length === 1 || table.has(longer)) {
      run = longer
      continue
    }
    codes.push(codeOf(run))
    table.set(longer, next++)
    if (next === 4096) {
      codes.push(clear)
      table = new Map()
      next = clear + 2
    }
    run = String.fromCharCode(pixel)
  }
  if (run) codes.push(codeOf(run))
  return [...codes, clear + 1]
}

function blocks(coded: Uint8Array, most: number, hasEnd: boolean): Uint8Array {
  const parts: Uint8Array[] = []
  for (let at = 0; at < coded.length; at += most) {
    const part = coded.subarray(at, at + most)
    parts.push(Uint8Array.of(part.length), part)
  }
  return concat([...parts, new Uint8Array(hasEnd ? 1 : 0)])
}

function writeGif(spec: GifSpec): Uint8Array {
  const { version = 'GIF89a', screen = [WIDTH, HEIGHT], frame = [0, 0, WIDTH, HEIGHT], globalColors = 16 } = spec
  const { localColors = 0, background = 0, transparent, isInterlaced = false, codeSize = 4, blockBytes = 255 } = spec
  const { hasBlockEnd = true, before = new Uint8Array(0), after = Uint8Array.of(0x3b), alter = (coded) => coded } = spec
  const { pixels = pixelsOf(frame[2] * frame[3]) } = spec
  const { codes = lzw(pixels, codeSize) } = spec
  const control = transparent === undefined ? [] : [Uint8Array.of(0x21, 0xf9, 4, 1, 0, 0, transparent, 0)]
  return concat([
    latin1(version),
    ...screen.map(u16le),
    Uint8Array.of(sizeBits(globalColors), background, 0),
    colorsOf(globalColors, 0),
    before,
    ...control,
    Uint8Array.of(0x2c),
    ...frame.map(u16le),
    Uint8Array.of(sizeBits(localColors) | (isInterlaced ? 0x40 : 0)),
    colorsOf(localColors, 99),
    Uint8Array.of(codeSize),
    blocks(alter(packed(codes, codeSize)), blockBytes, hasBlockEnd),
    after,
  ])
}

const all = lzw(pixelsOf(WIDTH * HEIGHT), 4)
const CLEAR = 16
const END = 17
const half = (bytes: Uint8Array) => bytes.subarray(0, bytes.length >> 1)
const whole = writeGif({})

const SPECS: Readonly<Record<string, GifSpec>> = {
  'no fault': {},
  'version 87a': { version: 'GIF87a' },
  'no palette': { globalColors: 0 },
  'no palette and a transparent colour': { globalColors: 0, transparent: 3 },
  'a local palette': { localColors: 16 },
  'only a local palette': { globalColors: 0, localColors: 16 },
  'a palette that is too short': { globalColors: 4 },
  'a palette that is too short, and a transparent colour beyond it': { globalColors: 4, transparent: 9 },
  'a local palette that is too short': { localColors: 2 },
  'a transparent colour': { transparent: 5 },
  'a transparent colour beyond all': { transparent: 200 },
  'a background beyond the palette': { background: 99 },
  interlacing: { isInterlaced: true },
  'a screen without a size': { screen: [0, 0] },
  'a screen without a height': { screen: [WIDTH, 0] },
  'a larger screen': { screen: [30, 20] },
  'a larger screen and a place in it': { screen: [40, 30], frame: [5, 6, WIDTH, HEIGHT] },
  'a smaller screen': { screen: [12, 8] },
  'a lower screen': { screen: [WIDTH, 8] },
  'a frame that begins beyond the screen': { frame: [100, 100, WIDTH, HEIGHT] },
  'a frame that begins within and ends beyond the screen': { frame: [10, 10, WIDTH, HEIGHT] },
  'a frame without a size': { frame: [0, 0, 0, 0] },
  'a frame without a width': { frame: [0, 0, 0, HEIGHT] },
  'half of its codes, and an end': { codes: [...all.slice(0, all.length >> 1), END] },
  'half of its codes, without an end': { codes: all.slice(0, all.length >> 1) },
  'half of its codes, and nothing behind them': { alter: half, hasBlockEnd: false, after: new Uint8Array(0) },
  'half of its codes, and no block end': { alter: half, hasBlockEnd: false },
  'no codes': { codes: [] },
  'only an end code': { codes: [CLEAR, END] },
  'no end code': { codes: all.slice(0, -1) },
  'no block end': { hasBlockEnd: false, after: new Uint8Array(0) },
  'no block end, but a trailer': { hasBlockEnd: false },
  'no trailer': { after: new Uint8Array(0) },
  'bytes behind the trailer': { after: Uint8Array.of(0x3b, 1, 2, 3, 4) },
  'junk in place of the trailer': { after: Uint8Array.of(0x99, 1, 2, 3, 4) },
  'junk before the frame': { before: Uint8Array.of(0x99, 1, 2) },
  'a zero before the frame': { before: Uint8Array.of(0) },
  'zeros before the trailer': { after: Uint8Array.of(0, 0, 0x3b) },
  'no clear code at the start': { codes: all.slice(1) },
  'a code beyond the table': { codes: [...all.slice(0, 40), 31, ...all.slice(41)] },
  'a code beyond the table at the start': { codes: [CLEAR, 25, ...all.slice(2)] },
  'too many pixels': { pixels: pixelsOf(2 * WIDTH * HEIGHT) },
  'one pixel too many': { pixels: pixelsOf(WIDTH * HEIGHT + 1) },
  'one pixel too few': { pixels: pixelsOf(WIDTH * HEIGHT - 1) },
  'a row too few': { pixels: pixelsOf(WIDTH * HEIGHT - WIDTH) },
  'half of its pixels': { pixels: pixelsOf((WIDTH * HEIGHT) / 2) },
  'half of its pixels and a transparent colour': { pixels: pixelsOf((WIDTH * HEIGHT) / 2), transparent: 2 },
  'half of its pixels and interlacing': { pixels: pixelsOf((WIDTH * HEIGHT) / 2), isInterlaced: true },
  'bytes behind the end code': { alter: (coded) => concat([coded, Uint8Array.of(1, 2, 3)]) },
  'blocks of one byte': { blockBytes: 1 },
  'blocks of three bytes': { blockBytes: 3 },
  ...Object.fromEntries(
    [0, 1, 2, 3, 5, 8, 9, 10, 11, 12, 13, 255].map((codeSize) => [
      `codes of ${codeSize} bits`,
      codeSize > 12
        ? { codeSize, alter: () => new Uint8Array(40), codes: [] }
        : { codeSize, pixels: pixelsOf(WIDTH * HEIGHT, Math.min(16, 1 << codeSize)) },
    ]),
  ),
  'a comment': { before: concat([Uint8Array.of(0x21, 0xfe, 5), latin1('hello'), new Uint8Array(1)]) },
  'an unknown extension': { before: concat([Uint8Array.of(0x21, 0x42, 5), latin1('hello'), new Uint8Array(1)]) },
  'a graphic control of three bytes': { before: Uint8Array.of(0x21, 0xf9, 3, 1, 0, 0, 0) },
  'a graphic control of six bytes': { before: Uint8Array.of(0x21, 0xf9, 6, 1, 0, 0, 5, 0, 0, 0) },
  'two graphic controls': { before: Uint8Array.of(0x21, 0xf9, 4, 1, 0, 0, 5, 0), transparent: 7 },
  'two graphic controls, the second opaque': {
    before: Uint8Array.of(0x21, 0xf9, 4, 1, 0, 0, 5, 0, 0x21, 0xf9, 4, 0, 0, 0, 0, 0),
  },
  'a graphic control behind the frame': { after: Uint8Array.of(0x21, 0xf9, 4, 1, 0, 0, 5, 0, 0x3b) },
  'a second frame that is cut': { after: concat([Uint8Array.of(0x2c), new Uint8Array(3)]) },
  'a plain text': {
    before: concat([
      Uint8Array.of(0x21, 0x01, 12),
      new Uint8Array(12),
      Uint8Array.of(2),
      latin1('hi'),
      new Uint8Array(1),
    ]),
  },
  'disposal to the background': { before: Uint8Array.of(0x21, 0xf9, 4, 8, 0, 0, 0, 0) },
  'disposal to the picture before': { before: Uint8Array.of(0x21, 0xf9, 4, 12, 0, 0, 0, 0) },
}

const UNCHANGED = 'GIF with no fault'

export const ODD_GIFS: readonly OddFile[] = [
  ...Object.entries(SPECS).map(([change, spec]) => ({
    name: `GIF with ${change}`,
    bytes: writeGif(spec),
    unchanged: UNCHANGED,
  })),
  ...[
    6,
    10,
    13,
    20,
    61,
    65,
    71,
    72,
    73,
    100,
    whole.length - 30,
    whole.length - 3,
    whole.length - 2,
    whole.length - 1,
  ].map((kept) => ({
    name: `GIF of which ${kept} bytes are there`,
    bytes: whole.subarray(0, kept),
    unchanged: UNCHANGED,
  })),
]
