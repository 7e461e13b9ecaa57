// Random changes to the parts of a file: PNG and RIFF chunks, JPEG segments and scans, GIF blocks, BMP fields. Files
// are split here without the parsers that are tested.
import { concat } from '../../worker/base/concat.ts'
import type { Random } from '../../worker/image/prng.ts'
import { pngChunk, words } from '../support/pictures/png.ts'
import { boundaryInteger, oneIn, pick, randomBytes } from './draw.ts'
import { jpegSegment, latin1, riffChunk, u16be, u16le, u24le, u32be, u32le } from './encode.ts'
import { mutateBytes } from './mutateBytes.ts'
import { type DecodedType, gifExtension, makeExif, makeIcc, storedZlib } from './validPictures.ts'

interface Structure {
  /** Byte order of the integers in the format. */
  readonly order: 'big' | 'little'
  /** Splits the bytes of a file, valid or not, into parts. Joining the parts gives the same bytes again. */
  split(bytes: Uint8Array): Uint8Array[]
  /** Returns where the content of a part starts and ends. The content may be empty. */
  content(part: Uint8Array): readonly [from: number, to: number]
  /** Returns the part with other content and a correct length and checksum. */
  withContent(part: Uint8Array, content: Uint8Array): Uint8Array
  /** Makes a new part with plausible content. */
  make(random: Random): Uint8Array
  /** Corrects fields that depend on the whole file. */
  finish?(bytes: Uint8Array): Uint8Array
}

const uint32be = (bytes: Uint8Array, at: number) =>
  ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0
const uint32le = (bytes: Uint8Array, at: number) =>
  ((bytes[at + 3] << 24) | (bytes[at + 2] << 16) | (bytes[at + 1] << 8) | bytes[at]) >>> 0

/**
 * Splits bytes into parts. The first part has `first` bytes. `next` gets the start of each further part and returns its
 * end. If `next` returns undefined, the rest of the bytes is one part.
 */
function splitBy(bytes: Uint8Array, first: number, next: (at: number) => number | undefined): Uint8Array[] {
  const parts = [bytes.subarray(0, first)]
  let at = first
  while (at < bytes.length) {
    const end = Math.min(bytes.length, Math.max(at + 1, next(at) ?? bytes.length))
    parts.push(bytes.subarray(at, end))
    at = end
  }
  return parts
}

const PNG: Structure = {
  order: 'big',
  split: (bytes) => splitBy(bytes, 8, (at) => (at + 12 <= bytes.length ? at + 12 + uint32be(bytes, at) : undefined)),
  content: (part) => (part.length < 12 ? [0, part.length] : [8, part.length - 4]),
  withContent: (part, content) =>
    pngChunk(
      String.fromCharCode(...part.subarray(4, 8))
        .padEnd(4)
        .replaceAll(/[^ -~]/g, 'x'),
      content,
    ),
  make: (random) => {
    const type = pick(random, [
      'IHDR',
      'PLTE',
      'tRNS',
      'IDAT',
      'IEND',
      'eXIf',
      'iCCP',
      'cICP',
      'acTL',
      'fcTL',
      'fdAT',
      'tEXt',
      'sRGB',
      'abcd',
    ])
    const number = () => boundaryInteger(random, 0)
    const likely: Record<string, () => Uint8Array> = {
      IHDR: () =>
        concat([
          words(number(), number()),
          Uint8Array.of(pick(random, [1, 2, 4, 8, 16, 3]), random.below(8), 0, 0, random.below(3)),
        ]),
      eXIf: () => makeExif(random).tiff,
      iCCP: () => concat([latin1('p\0\0'), storedZlib(makeIcc(random))]),
      cICP: () => Uint8Array.of(1 + random.below(12), pick(random, [1, 13, 16, 18]), 0, 1),
      acTL: () => words(pick(random, [0, 1, 2, number()]), 0),
      fcTL: () => concat([words(0, 1, 1, 0, 0), new Uint8Array(6)]),
      tRNS: () => new Uint8Array(random.below(8)),
    }
    return pngChunk(
      type,
      oneIn(random, 4) ? randomBytes(random, random.below(20)) : (likely[type]?.() ?? new Uint8Array(random.below(13))),
    )
  },
}

const SOS = 0xda

/**
 * Returns the end of the segment or of the coded data that starts at `at`. Coded data ends at the next marker that is
 * not a restart marker.
 */
function nextJpegPart(bytes: Uint8Array, at: number): number {
  const isMarker = (i: number) => bytes[i] === 0xff && bytes[i + 1] > 0 && bytes[i + 1] !== 0xff
  const isRestart = (i: number) => bytes[i + 1] >= 0xd0 && bytes[i + 1] <= 0xd7
  if (isMarker(at) && bytes[at + 1] !== 0xd9 && at + 4 <= bytes.length) {
    return at + 2 + ((bytes[at + 2] << 8) | bytes[at + 3])
  }
  let end = at + 1
  while (end < bytes.length && !(isMarker(end) && !isRestart(end))) end++
  return end
}

const JPEG: Structure = {
  order: 'big',
  split: (bytes) => splitBy(bytes, 2, (at) => nextJpegPart(bytes, at)),
  content: (part) => (part[0] === 0xff && part.length >= 4 ? [4, part.length] : [0, part.length]),
  withContent: (part, content) => (part[0] === 0xff && part.length >= 4 ? jpegSegment(part[1], content) : content),
  make: (random) => {
    const code = pick(random, [
      0xc0,
      0xc1,
      0xc2,
      0xc3,
      0xc4,
      0xc9,
      0xcc,
      0xd8,
      0xd9,
      SOS,
      0xdb,
      0xdd,
      0xde,
      0xe0,
      0xe1,
      0xe2,
      0xee,
      0xf0,
      0xfe,
      0x01,
      0xd3,
      0x02,
    ])
    if (oneIn(random, 8)) return Uint8Array.of(0xff, code)
    const components = pick(random, [0, 1, 2, 3, 4, 5, 255])
    const likely: Record<number, () => Uint8Array> = {
      0xe1: () => concat([latin1('Exif\0\0'), makeExif(random).tiff]),
      0xe2: () =>
        concat([
          latin1('ICC_PROFILE\0'),
          Uint8Array.of(random.below(4), random.below(4)),
          randomBytes(random, random.below(30)),
        ]),
      0xdb: () =>
        concat([
          Uint8Array.of(pick(random, [0, 1, 3, 4, 0x10, 0x20])),
          randomBytes(random, pick(random, [64, 128, 63])),
        ]),
      [SOS]: () => Uint8Array.of(1, 1, 0, 0, 63, 0),
      0xdd: () => u16be(random.below(3)),
    }
    const frame = () =>
      concat([
        Uint8Array.of(pick(random, [8, 8, 12])),
        u16be(boundaryInteger(random, 0)),
        u16be(boundaryInteger(random, 0)),
        Uint8Array.of(components),
        randomBytes(random, 3 * components),
      ])
    const isFrame = code >= 0xc0 && code <= 0xcf && code !== 0xc4
    return jpegSegment(code, isFrame ? frame() : (likely[code]?.() ?? randomBytes(random, random.below(20))))
  },
}

function nextGifPart(bytes: Uint8Array, at: number): number | undefined {
  const paletteBytes = (flags: number) => (flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0)
  let end: number
  if (bytes[at] === 0x21) end = at + 2
  else if (bytes[at] === 0x2c) end = at + 11 + paletteBytes(bytes[at + 9])
  else return undefined
  while (end < bytes.length && bytes[end] > 0) end += 1 + bytes[end]
  return end + 1
}

const GIF: Structure = {
  order: 'little',
  split: (bytes) =>
    splitBy(bytes, 13 + (bytes[10] & 0x80 ? 3 * 2 ** ((bytes[10] & 7) + 1) : 0), (at) => nextGifPart(bytes, at)),
  content: (part) => [Math.min(1, part.length), part.length],
  withContent: (part, content) => concat([part.subarray(0, 1), content]),
  make: (random) => {
    const number = () => u16le(pick(random, [0, 1, 2, 8, 16, 0xffff]))
    return pick(random, [
      () => gifExtension(0xf9, Uint8Array.of(random.below(256), 0, 0, random.below(256))),
      () => gifExtension(random.below(256), randomBytes(random, random.below(20))),
      () =>
        concat([
          Uint8Array.of(0x2c),
          number(),
          number(),
          number(),
          number(),
          Uint8Array.of(random.below(256)),
          randomBytes(random, random.below(40)),
          Uint8Array.of(0),
        ]),
      () => Uint8Array.of(0x3b),
      () => Uint8Array.of(0x21, random.below(256), 0),
    ])()
  },
}

/**
 * Returns whether the file consists of valid blocks up to the trailer. After an invalid block, browsers and our parser
 * stop, but libnsgif continues and may find more frames.
 */
export function isRegularGif(bytes: Uint8Array): boolean {
  const blocks = GIF.split(bytes).slice(1)
  return blocks.every(([first], i) => first === (i === blocks.length - 1 ? 0x3b : 0x21) || first === 0x2c)
}

const WEBP: Structure = {
  order: 'little',
  split: (bytes) =>
    splitBy(bytes, 12, (at) => {
      if (at + 8 > bytes.length) return undefined
      const length = uint32le(bytes, at + 4)
      return at + 8 + length + (length % 2)
    }),
  content: (part) => [Math.min(8, part.length), part.length],
  withContent: (part, content) => riffChunk(String.fromCharCode(...part.subarray(0, 4)).padEnd(4), content),
  make: (random) => {
    const type = pick(random, ['VP8X', 'ICCP', 'EXIF', 'ALPH', 'ANIM', 'ANMF', 'VP8 ', 'VP8L', 'XMP ', 'abcd'])
    const number = () => u24le(boundaryInteger(random, 0))
    const likely: Record<string, () => Uint8Array> = {
      VP8X: () => concat([u32le(random.below(64)), number(), number()]),
      ICCP: () => makeIcc(random),
      EXIF: () => makeExif(random).tiff,
      ANMF: () =>
        concat([
          new Uint8Array(6),
          number(),
          number(),
          new Uint8Array(4),
          oneIn(random, 2) ? WEBP.make(random) : new Uint8Array(0),
        ]),
      VP8L: () => concat([Uint8Array.of(0x2f), u32le(random.below(2 ** 29)), randomBytes(random, 8)]),
      'VP8 ': () =>
        concat([
          Uint8Array.of(0x30, 1, 0, 0x9d, 1, 0x2a),
          u16le(random.below(65_536)),
          u16le(random.below(65_536)),
          randomBytes(random, 8),
        ]),
    }
    return riffChunk(type, likely[type]?.() ?? randomBytes(random, random.below(20)))
  },
  finish: (bytes) => concat([bytes.subarray(0, 4), u32le(bytes.length - 8), bytes.subarray(8)]),
}

/** BMP has no chunks, so each header field of 2 or 4 bytes is a part. */
const BMP: Structure = {
  order: 'little',
  split: (bytes) => splitBy(bytes, 2, (at) => at + (at === 26 || at === 28 ? 2 : at < 138 ? 4 : bytes.length)),
  content: (part) => [0, part.length],
  withContent: (_, content) => content,
  make: (random) => pick(random, [u32le, u32be])(boundaryInteger(random, 0)),
}

const STRUCTURES: Readonly<Record<DecodedType, Structure>> = {
  png: PNG,
  jpeg: JPEG,
  gif: GIF,
  webp: WEBP,
  bmp: BMP,
}

/**
 * How many copies of a part are inserted when it is repeated. The largest number exceeds the parsers' limits on the
 * numbers of chunks and segments.
 */
const REPEATS = [2, 3, 20, 1001]

/** Returns a copy with one changed part. `other`: a file of the same type from which parts may be taken. */
export function mutateParts(random: Random, type: DecodedType, bytes: Uint8Array, other: Uint8Array): Uint8Array {
  const structure = STRUCTURES[type]
  const parts = structure.split(bytes)
  // The first part is the signature. It is rarely changed, because files with a wrong signature are refused
  // immediately.
  const first = parts.length > 1 && !oneIn(random, 16) ? 1 : 0
  const at = first + random.below(parts.length - first)
  const mutateContent = () => {
    const [from, to] = structure.content(parts[at])
    const content = mutateBytes(random, parts[at].subarray(from, to), other)
    parts[at] = structure.withContent(parts[at], content)
  }
  const setField = () => {
    const [from, to] = structure.content(parts[at])
    const content = parts[at].slice(from, to)
    const width = pick(random, structure === WEBP ? [1, 2, 3, 4] : [1, 2, 4])
    const field = random.below(2) + width * random.below(Math.ceil(content.length / width))
    const value = boundaryInteger(random, content.length)
    for (let i = 0; i < width; i++) {
      content[field + i] = value >>> (8 * (structure.order === 'big' ? width - 1 - i : i))
    }
    parts[at] = structure.withContent(parts[at], content)
  }
  const swap = () => {
    const to = first + random.below(parts.length - first)
    const kept = parts[at]
    parts[at] = parts[to]
    parts[to] = kept
  }
  const repeat = () => {
    const mostBytes = 20_000
    const times = Math.min(pick(random, REPEATS), Math.ceil(mostBytes / Math.max(1, parts[at].length)))
    parts.splice(at, 0, ...Array<Uint8Array>(times).fill(parts[at]))
  }
  const changes = [
    setField,
    setField,
    setField,
    mutateContent,
    mutateContent,
    swap,
    repeat,
    () => void parts.splice(at, 1),
    () => void parts.splice(at, 0, structure.make(random)),
    () => void parts.splice(at, 0, structure.make(random)),
    () => void parts.splice(at, 0, pick(random, structure.split(other))),
    () => (parts[at] = structure.make(random)),
    () => (parts[at] = mutateBytes(random, parts[at], other)), // also changes length and checksum
    () => void parts.splice(at),
  ]
  pick(random, changes)()
  const changed = concat(parts)
  return structure.finish && !oneIn(random, 4) && changed.length > 8 ? structure.finish(changed) : changed
}
