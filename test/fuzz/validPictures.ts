// Makes small valid pictures of every format and feature, together with what readHeader must return for them. The
// pictures are written byte by byte, so that they are the same on any machine. Each of them decodes to a single flat
// colour, mostly black.
import { concat } from '../../worker/base/concat.ts'
import type { Header, ImageType } from '../../worker/codec/header.ts'
import type { Orientation } from '../../worker/codec/header/findings.ts'
import type { Random } from '../../worker/image/prng.ts'
import { bmp24, bmp8 } from '../support/pictures/bmp.ts'
import { pngChunk, words } from '../support/pictures/png.ts'
import { PASSES } from '../support/pictures/pngFile.ts'
import { oneIn, pick, randomBytes } from './draw.ts'
import { jpegSegment, latin1, riffChunk, u16be, u16le, u24le, u32be, u32le } from './encode.ts'

/** A file whose header is known. */
export interface KnownFile {
  readonly bytes: Uint8Array
  /** Fields that readHeader must return for the file. */
  readonly expected: Partial<Header>
}

/** The formats that the worker decodes. The other formats are only recognised by their first bytes. */
export const DECODED_TYPES = ['jpeg', 'png', 'webp', 'gif', 'bmp'] as const
export type DecodedType = (typeof DECODED_TYPES)[number]

export function makePicture(random: Random, type: DecodedType): KnownFile {
  const make = { jpeg: makeJpeg, png: makePng, webp: makeWebp, gif: makeGif, bmp: makeBmp }[type]
  return make(random)
}

const side = (random: Random) => 1 + random.below(16)
const none = new Uint8Array(0)

// Parts that several formats contain

interface Exif {
  readonly tiff: Uint8Array
  readonly orientation: Orientation
}

/** Makes a TIFF block with an Orientation tag among other tags, in either byte order. */
export function makeExif(random: Random): Exif {
  const isLittle = oneIn(random, 2)
  const u16 = isLittle ? u16le : u16be
  const u32 = isLittle ? u32le : u32be
  const orientation = (1 + random.below(8)) as Orientation
  const entry = (tag: number, type: number, count: number, value: Uint8Array) =>
    concat([u16(tag), u16(type), u32(count), value, new Uint8Array(4 - value.length)])
  const other = () =>
    entry(
      pick(random, [0x0100, 0x010f, 0x0111, 0x011a, 0x8769]),
      1 + random.below(12),
      random.below(99),
      u32(random.below(99)),
    )
  const others = () => Array.from({ length: random.below(4) }, other)
  const entries = [...others(), entry(0x0112, 3, 1, u16(orientation)), ...others()]
  const gap = randomBytes(random, 2 * random.below(4))
  return {
    orientation,
    tiff: concat([
      latin1(isLittle ? 'II' : 'MM'),
      u16(42),
      u32(8 + gap.length),
      gap,
      u16(entries.length),
      ...entries,
      u32(0),
      randomBytes(random, random.below(20)),
    ]),
  }
}

/** Makes a colour profile of which only the header is valid, because no tested function reads the rest. */
export function makeIcc(random: Random): Uint8Array {
  const icc = new Uint8Array(128 + 4 * random.below(40))
  icc.set(u32be(icc.length))
  icc.set(latin1(pick(random, ['RGB ', 'GRAY', 'CMYK'])), 16)
  icc.set(latin1('acsp'), 36)
  return icc
}

/** Returns a zlib stream of uncompressed blocks. Unlike a compressed stream, it has the same bytes on any machine. */
export function storedZlib(data: Uint8Array): Uint8Array {
  return concat([ZLIB, ...storedBlocks(data, true), adler32(data)])
}

const ZLIB = Uint8Array.of(0x78, 1)

function storedBlocks(data: Uint8Array, isEnd: boolean): Uint8Array[] {
  const parts: Uint8Array[] = []
  const most = 0xffff
  for (let at = 0; at === 0 || at < data.length; at += most) {
    const block = data.subarray(at, at + most)
    const isLast = isEnd && at + most >= data.length
    parts.push(Uint8Array.of(isLast ? 1 : 0), u16le(block.length), u16le(~block.length), block)
  }
  return parts
}

/** Returns the checksum of `data` followed by `zeros` zero bytes (RFC 1950, section 8.2). */
function adler32(data: Uint8Array, zeros = 0): Uint8Array {
  let [a, b] = [1, 0]
  for (const byte of data) {
    a = (a + byte) % 65_521
    b = (b + a) % 65_521
  }
  return concat([u16be((b + zeros * a) % 65_521), u16be(a)])
}

/**
 * Returns a valid zlib stream that decompresses to `data`, followed by 258 zeros for each run. In the stream, a run
 * takes only 13 bits. The last byte of `data` must be 0.
 */
export function zlibBomb(data: Uint8Array, runs: number): Uint8Array {
  const lastBlockWithFixedCodes = '110'
  const length258Distance1 = '1100010100000'
  const endOfBlock = '0000000'
  const bits = [lastBlockWithFixedCodes, ...Array<string>(runs).fill(length258Distance1), endOfBlock].join('')
  const block = Uint8Array.from({ length: Math.ceil(bits.length / 8) }, (_, i) =>
    parseInt(
      Array.from(bits.slice(8 * i, 8 * i + 8))
        .toReversed()
        .join(''),
      2,
    ),
  )
  return concat([ZLIB, ...storedBlocks(data, false), block, adler32(data, 258 * runs)])
}

/** Cuts the bytes at random offsets into this many parts, some of which may be empty. */
function cut(random: Random, bytes: Uint8Array, parts: number): Uint8Array[] {
  const places = Array.from({ length: parts - 1 }, () => random.below(bytes.length + 1))
  const ends = [0, ...places.toSorted((a, b) => a - b), bytes.length]
  return ends.slice(1).map((end, i) => bytes.subarray(ends[i], end))
}

// PNG

const PNG_SIGNATURE = latin1('\x89PNG\r\n\x1a\n')
/** Colour types, with their samples per pixel and the allowed bits per sample. */
const PNG_KINDS = [
  { colorType: 0, samples: 1, depths: [1, 2, 4, 8, 16] },
  { colorType: 2, samples: 3, depths: [8, 16] },
  { colorType: 3, samples: 1, depths: [1, 2, 4, 8] },
  { colorType: 4, samples: 2, depths: [8, 16] },
  { colorType: 6, samples: 4, depths: [8, 16] },
] as const

function makePng(random: Random): KnownFile {
  const [width, height] = [side(random), side(random)]
  const { colorType, samples, depths } = pick(random, PNG_KINDS)
  const depth = pick(random, depths)
  const isInterlaced = oneIn(random, 4)
  const passes = isInterlaced ? PASSES : ([[0, 0, 1, 1]] as const)
  const rows = passes.map(([x, y, right, down]) => {
    const [across, along] = [Math.ceil((width - x) / right), Math.ceil((height - y) / down)]
    const bytes = across > 0 && along > 0 ? along * (1 + Math.ceil((across * samples * depth) / 8)) : 0
    return new Uint8Array(bytes)
  })
  const isGreyPalette = oneIn(random, 2)
  const palette = Uint8Array.from({ length: 3 * 2 }, (_, i) => (isGreyPalette ? 9 * Math.floor(i / 3) : 20 * i))
  const isTransparent = colorType !== 4 && colorType !== 6 && oneIn(random, 3)
  const exif = oneIn(random, 3) ? makeExif(random) : undefined
  const icc = oneIn(random, 4) ? makeIcc(random) : undefined
  const frames = oneIn(random, 6) ? 1 + random.below(3) : 0
  const isDataFirstFrame = oneIn(random, 2)
  const data = cut(random, storedZlib(concat(rows)), 1 + random.below(3))

  const cicp = oneIn(random, 8) ? [pngChunk('cICP', Uint8Array.of(1, 13, 0, 1))] : []
  const before = [
    ...cicp,
    ...(oneIn(random, 4) ? [pngChunk('gAMA', words(random.below(200_000)))] : []),
    ...(oneIn(random, 4) ? [pngChunk('cHRM', words(...Array.from({ length: 8 }, () => random.below(90_000))))] : []),
    ...(icc ? [pngChunk('iCCP', concat([latin1('profile\0\0'), storedZlib(icc)]))] : []),
    ...(exif && oneIn(random, 2) ? [pngChunk('eXIf', exif.tiff)] : []),
    ...(colorType === 3 || (colorType === 2 && oneIn(random, 8)) ? [pngChunk('PLTE', palette)] : []),
    ...(isTransparent ? [pngChunk('tRNS', new Uint8Array(colorType === 3 ? 1 : 2 * samples))] : []),
    ...(oneIn(random, 3) ? [pngChunk('pHYs', concat([words(2835, 2835), Uint8Array.of(1)]))] : []),
    ...(oneIn(random, 3) ? [pngChunk('tEXt', latin1('Comment\0acTL IDAT eXIf'))] : []),
    ...(frames > 0 ? [pngChunk('acTL', words(frames, 0))] : []),
    ...(isDataFirstFrame ? [pngChunk('fcTL', concat([words(0, width, height, 0, 0), new Uint8Array(6)]))] : []),
  ]
  const hasExif = before.some((chunk) => String.fromCharCode(...chunk.subarray(4, 8)) === 'eXIf')
  const after = [
    ...(exif && !hasExif ? [pngChunk('eXIf', exif.tiff)] : []),
    ...(oneIn(random, 4) ? [pngChunk('fdAT', randomBytes(random, random.below(20)))] : []),
    ...(oneIn(random, 4) ? [pngChunk('tIME', new Uint8Array(7))] : []),
  ]
  const header = concat([words(width, height), Uint8Array.of(depth, colorType, 0, 0, Number(isInterlaced))])
  const isAnimated = frames > 1 || (frames === 1 && !isDataFirstFrame)
  return {
    bytes: concat([
      PNG_SIGNATURE,
      pngChunk('IHDR', header),
      ...before,
      ...data.map((part) => pngChunk('IDAT', part)),
      ...after,
      pngChunk('IEND', none),
    ]),
    expected: {
      type: 'png',
      width,
      height,
      orientation: hasExif ? exif!.orientation : 1, // behind the pixels it does not count
      alpha: isTransparent || colorType === 4 || colorType === 6,
      grey: colorType === 0 || colorType === 4 || (colorType === 3 && isGreyPalette),
      icc: icc && cicp.length === 0 ? storedZlib(icc) : undefined, // cICP comes first
      jpegQuality: undefined,
      obstacle: isAnimated ? 'ANIMATED' : undefined,
    },
  }
}

// JPEG

const EXIF_PREFIX = latin1('Exif\0\0')

/** Returns a profile as one or more APP2 segments, sometimes in reverse order. */
function iccSegments(random: Random, icc: Uint8Array): Uint8Array[] {
  const parts = cut(random, icc, 1 + random.below(4))
  const segments = parts.map((part, i) =>
    jpegSegment(0xe2, concat([latin1('ICC_PROFILE\0'), Uint8Array.of(i + 1, parts.length), part])),
  )
  return oneIn(random, 3) ? segments.toReversed() : segments
}

/** Makes a JPEG whose coefficients are all zero, so that each Huffman code has one bit. */
function makeJpeg(random: Random): KnownFile {
  const [width, height] = [side(random), side(random)]
  const components = pick(random, [1, 3, 3, 4])
  const isProgressive = oneIn(random, 3)
  const isSubsampled = components === 3 && oneIn(random, 2)
  const exif = oneIn(random, 3) ? makeExif(random) : undefined
  const icc = oneIn(random, 4) ? makeIcc(random) : undefined
  const has16Bits = oneIn(random, 6)
  const restarts = oneIn(random, 5)

  const step = 1 + random.below(99)
  const table = (id: number) =>
    has16Bits
      ? concat([Uint8Array.of(0x10 + id), ...Array.from({ length: 64 }, () => u16be(step))])
      : concat([Uint8Array.of(id), new Uint8Array(64).fill(step)])
  const tables = oneIn(random, 2)
    ? [jpegSegment(0xdb, concat([table(0), table(1)]))]
    : [jpegSegment(0xdb, table(0)), jpegSegment(0xdb, table(1))]
  const huffman = [0x00, 0x01, 0x10, 0x11].map((id) =>
    concat([Uint8Array.of(id, 1), new Uint8Array(15), Uint8Array.of(0)]),
  )
  const frame = concat([
    Uint8Array.of(8),
    u16be(height),
    u16be(width),
    Uint8Array.of(components),
    ...Array.from({ length: components }, (_, i) =>
      Uint8Array.of(i + 1, i === 0 && isSubsampled ? 0x22 : 0x11, i === 0 ? 0 : 1),
    ),
  ])
  const scan = (ids: number[], from: number, to: number) =>
    jpegSegment(
      0xda,
      concat([
        Uint8Array.of(ids.length),
        ...ids.map((id) => Uint8Array.of(id, id === 1 ? 0x00 : 0x11)),
        Uint8Array.of(from, to, 0),
      ]),
    )
  const unitSide = isSubsampled ? 16 : 8
  const units = Math.ceil(width / unitSide) * Math.ceil(height / unitSide)
  const bitsPerUnit = isSubsampled ? 6 : components
  /** Returns bytes that contain `bits` zero bits. The rest of the last byte is filled up with ones. */
  const zeros = (bits: number) => {
    const bytes = new Uint8Array(Math.ceil(bits / 8))
    if (bits % 8 > 0) bytes[bytes.length - 1] = 0xff >> (bits % 8)
    return bytes
  }
  const all = Array.from({ length: components }, (_, i) => i + 1)
  const coded = (bits: number) =>
    restarts
      ? concat(
          Array.from({ length: units }, (_, i) =>
            concat([i > 0 ? Uint8Array.of(0xff, 0xd0 + ((i - 1) % 8)) : none, zeros(bits)]),
          ),
        )
      : zeros(bits * units)
  const blocksOf = (id: number) => (id === 1 && isSubsampled ? Math.ceil(width / 8) * Math.ceil(height / 8) : units)
  // In a baseline file, each block has a DC code and an AC code in the same scan. In a progressive file, DC codes and
  // AC codes are in separate scans.
  const scans = isProgressive
    ? [
        scan(all, 0, 0),
        coded(bitsPerUnit),
        ...(restarts ? [jpegSegment(0xdd, u16be(0))] : []),
        ...all.flatMap((id) => [scan([id], 1, 63), zeros(blocksOf(id))]),
      ]
    : [scan(all, 0, 63), coded(2 * bitsPerUnit)]

  const applications = [
    ...(oneIn(random, 2) ? [jpegSegment(0xe0, latin1('JFIF\0\x01\x01\0\0\x01\0\x01\0\0'))] : []),
    ...(oneIn(random, 4) ? [jpegSegment(0xe1, latin1('http://ns.adobe.com/xap/1.0/\0<x/>'))] : []),
    ...(exif ? [jpegSegment(0xe1, concat([EXIF_PREFIX, exif.tiff]))] : []),
    ...(exif && oneIn(random, 4) ? [jpegSegment(0xe1, concat([EXIF_PREFIX, makeExif(random).tiff]))] : []),
    ...(icc ? iccSegments(random, icc) : []),
    ...(oneIn(random, 4) ? [jpegSegment(0xfe, latin1('a comment \xff\xd8\xff\xc0'))] : []),
  ]
  const segments = [
    ...applications,
    ...tables,
    jpegSegment(isProgressive ? 0xc2 : 0xc0, frame),
    jpegSegment(0xc4, concat(huffman)),
    ...(restarts ? [jpegSegment(0xdd, u16be(1))] : []),
  ]
  const filled = segments.map((segment) =>
    oneIn(random, 8) ? concat([new Uint8Array(random.below(4)).fill(0xff), segment]) : segment,
  )
  return {
    bytes: concat([Uint8Array.of(0xff, 0xd8), ...filled, ...scans, Uint8Array.of(0xff, 0xd9)]),
    expected:
      components === 4
        ? { type: 'jpeg', width, height, obstacle: 'CMYK' }
        : {
            type: 'jpeg',
            width,
            height,
            orientation: exif?.orientation ?? 1,
            alpha: false,
            grey: components === 1,
            icc,
            obstacle: undefined,
          },
  }
}

// GIF

/** Returns LZW data without compression: the table is cleared so often that the codes never get longer. */
function gifPixels(pixels: number): Uint8Array {
  const bits: number[] = []
  const write = (code: number) => bits.push(code & 1, (code >> 1) & 1, (code >> 2) & 1)
  for (let i = 0; i < pixels; i++) {
    if (i % 2 === 0) write(4)
    write(0)
  }
  write(5)
  const coded = Uint8Array.from({ length: Math.ceil(bits.length / 8) }, (_, i) =>
    bits.slice(8 * i, 8 * i + 8).reduce((byte, bit, place) => byte | (bit << place), 0),
  )
  const parts: Uint8Array[] = [Uint8Array.of(2)] // bits of a literal
  for (let at = 0; at < coded.length; at += 255) parts.push(gifBlock(coded.subarray(at, at + 255)))
  return concat([...parts, Uint8Array.of(0)])
}

const gifBlock = (data: Uint8Array) => concat([Uint8Array.of(data.length), data])

export const gifExtension = (label: number, data: Uint8Array) =>
  concat([Uint8Array.of(0x21, label), gifBlock(data), Uint8Array.of(0)])

function makeGif(random: Random): KnownFile {
  const [width, height] = [side(random), side(random)]
  const hasGlobal = oneIn(random, 2)
  const hasLocal = !hasGlobal || oneIn(random, 3)
  const palettes = [oneIn(random, 2), oneIn(random, 2)].map((isGrey) => ({
    isGrey,
    bytes: Uint8Array.from({ length: 3 * 4 }, (_, i) => (isGrey ? 60 * Math.floor(i / 3) : 20 * i)),
  }))
  const isPart = oneIn(random, 4)
  const [frameWidth, frameHeight] = isPart ? [1 + random.below(width), 1 + random.below(height)] : [width, height]
  const isTransparent = oneIn(random, 3)
  const frame = concat([
    Uint8Array.of(0x2c),
    u16le(random.below(width - frameWidth + 1)),
    u16le(random.below(height - frameHeight + 1)),
    u16le(frameWidth),
    u16le(frameHeight),
    Uint8Array.of(hasLocal ? 0x81 : 0),
    hasLocal ? palettes[1].bytes : none,
    gifPixels(frameWidth * frameHeight),
  ])
  const frames = oneIn(random, 5) ? 2 + random.below(2) : 1
  const control = gifExtension(0xf9, Uint8Array.of(isTransparent ? 1 : 0, 0, 0, 0))
  return {
    bytes: concat([
      latin1(pick(random, ['GIF87a', 'GIF89a'])),
      u16le(width),
      u16le(height),
      Uint8Array.of(hasGlobal ? 0xf1 : 0x70, 0, 0),
      hasGlobal ? palettes[0].bytes : none,
      ...(oneIn(random, 3) ? [gifExtension(0xfe, latin1('a comment, \x2c'))] : []),
      ...(isTransparent || oneIn(random, 3) ? [control] : []),
      ...(oneIn(random, 3) ? [gifExtension(0xff, latin1('NETSCAPE2.0'))] : []),
      ...Array.from({ length: frames }, () => frame),
      Uint8Array.of(0x3b),
    ]),
    expected: {
      type: 'gif',
      width,
      height,
      orientation: 1,
      icc: undefined,
      ...(frames > 1
        ? { obstacle: 'ANIMATED' }
        : {
            obstacle: undefined,
            alpha: isTransparent || frameWidth < width || frameHeight < height,
            grey: palettes[hasLocal ? 1 : 0].isGrey,
          }),
    },
  }
}

// WebP

/** A key frame of one grey macroblock, coded by libwebp. It is valid for every size up to 16 x 16. */
const VP8_FRAME = Uint8Array.from(Buffer.from('MAEAnQEqEAAQAALATCWkAANwAP7D4AAA', 'base64'))

function lossy(width: number, height: number): Uint8Array {
  const frame = VP8_FRAME.slice()
  frame.set(u16le(width), 6)
  frame.set(u16le(height), 8)
  return riffChunk('VP8 ', frame)
}

/**
 * Makes a VP8L chunk: version 0, no transform, no colour cache. Each of the five codes has one symbol, so that the
 * pixels take no bits.
 */
function lossless(width: number, height: number, hasAlpha: boolean): Uint8Array {
  const code = '1000' // a simple code with one symbol of one bit, which is 0
  const number = (value: number, bits: number) => [...value.toString(2).padStart(bits, '0')].toReversed().join('')
  const bits = number(width - 1, 14) + number(height - 1, 14) + (hasAlpha ? '1' : '0') + '000000' + code.repeat(5)
  const bytes = (bits.match(/.{1,8}/g) ?? []).map((byte) => parseInt([...byte].toReversed().join(''), 2))
  return riffChunk('VP8L', Uint8Array.of(0x2f, ...bytes))
}

function makeWebp(random: Random): KnownFile {
  const [width, height] = [side(random), side(random)]
  const isLossless = oneIn(random, 2)
  const isExtended = oneIn(random, 2)
  const hasAlpha = oneIn(random, 3)
  const hasAlphaChunk = isExtended && !isLossless && hasAlpha
  const picture = [
    ...(hasAlphaChunk ? [riffChunk('ALPH', new Uint8Array(1 + width * height))] : []),
    isLossless ? lossless(width, height, hasAlpha) : lossy(width, height),
  ]
  const exif = isExtended && oneIn(random, 3) ? makeExif(random) : undefined
  const icc = isExtended && oneIn(random, 3) ? makeIcc(random) : undefined
  const frames = isExtended && oneIn(random, 4) ? 1 + random.below(3) : 0
  const flags = (icc ? 0x20 : 0) | (hasAlpha ? 0x10 : 0) | (exif ? 0x08 : 0) | (frames > 0 ? 0x02 : 0)
  const frame = riffChunk(
    'ANMF',
    concat([u24le(0), u24le(0), u24le(width - 1), u24le(height - 1), u24le(100), Uint8Array.of(0), ...picture]),
  )
  const body = [
    ...(isExtended
      ? [riffChunk('VP8X', concat([Uint8Array.of(flags, 0, 0, 0), u24le(width - 1), u24le(height - 1)]))]
      : []),
    ...(icc ? [riffChunk('ICCP', icc)] : []),
    ...(frames > 0 ? [riffChunk('ANIM', new Uint8Array(6))] : []),
    ...(frames > 0 ? Array.from({ length: frames }, () => frame) : picture),
    ...(exif ? [riffChunk('EXIF', concat([oneIn(random, 3) ? EXIF_PREFIX : none, exif.tiff]))] : []),
    ...(isExtended && oneIn(random, 4) ? [riffChunk('XMP ', latin1('<x/>'))] : []),
  ]
  return {
    bytes: riffFile(body),
    expected: {
      type: 'webp',
      width,
      height,
      grey: false,
      icc,
      ...(frames > 1
        ? { obstacle: 'ANIMATED' }
        : {
            obstacle: undefined,
            alpha: (isExtended || isLossless) && hasAlpha,
            orientation: 1, // no browser turns a WebP
          }),
    },
  }
}

function riffFile(chunks: readonly Uint8Array[]): Uint8Array {
  return riffChunk('RIFF', concat([latin1('WEBP'), ...chunks]))
}

// BMP

function makeBmp(random: Random): KnownFile {
  const [width, height] = [side(random), side(random)]
  const picture = { width, height, data: new Uint8Array(4 * width * height) }
  const expected: KnownFile['expected'] = {
    type: 'bmp',
    width,
    height,
    orientation: 1,
    alpha: false,
    icc: undefined,
    obstacle: undefined,
  }
  const kind = random.below(4)
  if (kind === 0) {
    const isGrey = oneIn(random, 2)
    return { bytes: bmp8(picture, (i) => [i, isGrey ? i : 0, i]), expected: { ...expected, grey: isGrey } }
  }
  if (kind === 1) return { bytes: bmp24(picture, oneIn(random, 2)), expected: { ...expected, grey: false } }
  // 32 bits per pixel, with colour masks. If the header has version 5, a profile may follow the pixels.
  const headerBytes = pick(random, [108, 124])
  const icc = headerBytes === 124 && oneIn(random, 2) ? makeIcc(random) : undefined
  const hasAlpha = oneIn(random, 2)
  const pixelsAt = 14 + headerBytes
  const pixelBytes = 4 * width * height
  const info = new Uint8Array(headerBytes)
  info.set(concat([u32le(headerBytes), u32le(width), u32le(height), u16le(1), u16le(32), u32le(3), u32le(pixelBytes)]))
  info.set(concat([0xff0000, 0xff00, 0xff, hasAlpha ? 0xff000000 : 0].map(u32le)), 40)
  info.set(latin1(icc ? 'DEBM' : 'BGRs'), 56)
  if (icc) info.set(concat([u32le(headerBytes + pixelBytes), u32le(icc.length)]), 112)
  const size = pixelsAt + pixelBytes + (icc?.length ?? 0)
  return {
    bytes: concat([
      latin1('BM'),
      u32le(size),
      u32le(0),
      u32le(pixelsAt),
      info,
      new Uint8Array(pixelBytes),
      icc ?? none,
    ]),
    expected: { ...expected, grey: false, alpha: hasAlpha, icc },
  }
}

// Other files

const box = (type: string, data: Uint8Array) => concat([u32be(8 + data.length), latin1(type), data])

const OTHERS: readonly ((random: Random) => [ImageType, Uint8Array])[] = [
  () => ['avif', box('ftyp', latin1('avif\0\0\0\0mif1avif'))],
  () => ['heic', box('ftyp', latin1('heic\0\0\0\0mif1heic'))],
  () => ['unknown', box('ftyp', latin1('isom\0\0\x02\0mp41'))],
  (random) => ['tiff', makeExif(random).tiff],
  () => ['jxl', latin1('\xff\x0a\x01')],
  () => ['jp2', latin1('\xff\x4f\xff\x51\0\x2f')],
  () => ['ico', concat([latin1('\0\0\x01\0\x01\0\x10\x10\0\0\x01\0\x20\0'), u32le(8), u32le(22), new Uint8Array(8)])],
  (random) => ['svg', latin1(pick(random, SVGS))],
  (random) => ['unknown', latin1(pick(random, TEXTS))],
  (random) => ['unknown', new Uint8Array(random.below(64))],
]

const SVGS = [
  '<svg xmlns="http://www.w3.org/2000/svg" width="9"/>',
  '<?xml version="1.0"?>\n<!-- <svg> -->\n<!DOCTYPE svg [ <!ENTITY a ">"> ]>\n<svg>',
  ' \n<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "a.dtd">\t<svg:svg >',
]
const TEXTS = [
  '<!DOCTYPE html><svg></svg>',
  '{"error": 404}',
  'BMW and other cars, to be sold',
  'GIF88a',
  'RIFF\0\0\0\0WAVE',
]

/** Makes a file of a format that the worker does not decode, or a file that is not a picture. */
export function makeUndecodedFile(random: Random): KnownFile {
  const [type, bytes] = pick(random, OTHERS)(random)
  return { bytes, expected: { type, obstacle: type === 'unknown' ? 'NOT_AN_IMAGE' : 'FORMAT' } }
}
