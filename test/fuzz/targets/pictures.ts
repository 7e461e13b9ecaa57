// Targets for the parsers and decoders of picture files. Most inputs are changed pictures of validPictures.ts. Some are
// unchanged, so that the expected header is known exactly.
import sharp from 'sharp'
import { concat } from '../../../worker/base/concat.ts'
import { CodecError, TooComplexError } from '../../../worker/codec/error.ts'
import { type Header, readHeader, uprightSize } from '../../../worker/codec/header.ts'
import { exifIn, readOrientation } from '../../../worker/codec/header/exif.ts'
import { jpegQualityOf, stepTablesIn } from '../../../worker/codec/header/jpegQuality.ts'
import { MIME_TYPES } from '../../../worker/codec/header/sniff.ts'
import { readIcc } from '../../../worker/codec/icc.ts'
import { iccColorSpace } from '../../../worker/codec/icc/profile.ts'
import type { Random } from '../../../worker/image/prng.ts'
import { codec } from '../../support/pictures/codec.ts'
import { pngChunk } from '../../support/pictures/png.ts'
import { oneIn, pick, randomBytes } from '../draw.ts'
import { latin1, u16be } from '../encode.ts'
import { mutateBytes } from '../mutateBytes.ts'
import { defineTarget, ensure, type FuzzTarget } from '../fuzz.ts'
import {
  zlibBomb,
  DECODED_TYPES,
  type DecodedType,
  type KnownFile,
  makeExif,
  makeIcc,
  makeUndecodedFile,
  makePicture,
  storedZlib,
} from '../validPictures.ts'
import { isRegularGif, mutateParts } from '../mutateParts.ts'

export interface PictureInput {
  readonly bytes: Uint8Array
  /** The expected header. Undefined unless the file is valid and unchanged. */
  readonly expected?: KnownFile['expected']
  /** Bytes to append to the file. */
  readonly tail: Uint8Array
  /** Number of bytes that are left when the file is cut short. */
  readonly cut: number
}

const fileOf = ({ bytes }: PictureInput) => bytes

/** Returns the format of a file, judged by its first byte. Undefined if the worker does not decode the format. */
function typeOf(bytes: Uint8Array): DecodedType | undefined {
  return ({ 0xff: 'jpeg', 0x89: 'png', 0x52: 'webp', 0x47: 'gif', 0x42: 'bmp' } as const)[bytes[0]]
}

/**
 * Length of the signature of each format, in bytes. Most changed files keep their signature, because a file of unknown
 * type is refused immediately.
 */
const SIGNATURE_BYTES = { jpeg: 3, png: 8, webp: 4, gif: 6, bmp: 2 } as const

function makeInput(
  random: Random,
  corpus: readonly Uint8Array[],
  types: readonly DecodedType[] = DECODED_TYPES,
): PictureInput {
  const fromCorpus = corpus.length > 0 && oneIn(random, 2) ? pick(random, corpus) : undefined
  const isUndecoded = !fromCorpus && types === DECODED_TYPES && oneIn(random, 12)
  const made = isUndecoded ? makeUndecodedFile(random) : makePicture(random, pick(random, types))
  const whole = fromCorpus ?? made.bytes
  const other = makePicture(random, pick(random, types)).bytes
  const changes = oneIn(random, 8) ? 0 : 1 + random.below(pick(random, [1, 2, 6]))
  let bytes = whole
  for (let i = 0; i < changes; i++) {
    const type = oneIn(random, 3) ? undefined : typeOf(bytes)
    bytes = type ? mutateParts(random, type, bytes, other) : mutateBytes(random, bytes, other)
  }
  const type = typeOf(whole)
  if (type && changes > 0 && bytes.length > 16 && !oneIn(random, 16)) {
    bytes = concat([whole.subarray(0, SIGNATURE_BYTES[type]), bytes.subarray(SIGNATURE_BYTES[type])])
  }
  const tail = pick(random, [
    () => randomBytes(random, 1 + random.below(20)),
    () => other,
    () => new Uint8Array(9000),
    // Appends parts of the same format, as if they belonged to the file.
    () => (type ? mutateParts(random, type, other, other).subarray(12) : other),
  ])()
  return {
    bytes,
    tail,
    cut: random.below(bytes.length + 1),
    ...(changes === 0 && !fromCorpus ? { expected: made.expected } : {}),
  }
}

function sameBytes(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && Buffer.compare(a, b) === 0)
}

const FIELDS = ['type', 'mime', 'width', 'height', 'orientation', 'alpha', 'grey', 'jpegQuality', 'obstacle'] as const

/** Throws unless the two headers are equal. */
function ensureEqual(a: Header, b: Header, property: string): void {
  for (const field of FIELDS) {
    ensure(a[field] === b[field], () => `${property}: ${field} is ${a[field]} and ${b[field]}`)
  }
  ensure(sameBytes(a.icc, b.icc), `${property}: the profiles differ`)
}

const LARGEST_SIDE: Readonly<Record<string, number>> = {
  jpeg: 0xffff,
  gif: 0xffff,
  webp: 2 ** 14,
  png: 2 ** 31 - 1,
  bmp: 2 ** 31 - 1,
}

/** Checks the properties that the header of any file must have. */
function ensureSane(header: Header, bytes: Uint8Array): void {
  const { type, mime, width, height, orientation, icc, jpegQuality, obstacle } = header
  ensure(MIME_TYPES[type] === mime, `${mime} for ${type}`)
  for (const size of [width, height]) ensure(Number.isInteger(size) && size >= 0, `a side is ${size}`)
  ensure([1, 2, 3, 4, 5, 6, 7, 8].includes(orientation), `orientation ${orientation}`)
  ensure(
    jpegQuality === undefined ||
      (type === 'jpeg' && Number.isInteger(jpegQuality) && jpegQuality >= 1 && jpegQuality <= 100),
    `quality ${jpegQuality}`,
  )
  ensure((obstacle === 'NOT_AN_IMAGE') === (type === 'unknown'), `${type} with ${obstacle}`)
  ensure(type !== 'gif' || (orientation === 1 && !icc), 'a GIF with EXIF or a profile')
  ensure(type !== 'jpeg' || !header.alpha, 'a transparent JPEG')
  if (icc) {
    ensure(icc.length <= bytes.length, 'a profile larger than its file')
    const isView =
      icc.buffer === bytes.buffer &&
      icc.byteOffset >= bytes.byteOffset &&
      icc.byteOffset + icc.length <= bytes.byteOffset + bytes.length
    ensure(type === 'jpeg' || isView, 'a profile outside its file')
  }
  const upright = uprightSize(header)
  ensure(upright.width * upright.height === width * height, 'another area after rotation')
  if (obstacle) return
  ensure((DECODED_TYPES as readonly string[]).includes(type), `${type} without an obstacle`)
  for (const size of [width, height]) ensure(size >= 1 && size <= LARGEST_SIDE[type], `a side is ${size}`)
}

/**
 * If the header has no obstacle, checks that the file can be a picture of the stated size: a PNG has this size in its
 * IHDR and contains the beginning of an IDAT, and a BMP is long enough. Does not use the tested parsers.
 */
function ensurePixels({ type, width, height, obstacle }: Header, bytes: Uint8Array): void {
  if (obstacle) return
  if (type === 'png') {
    const chunks = chunksOf(bytes)
    const view = new DataView(chunks[0][1].buffer, chunks[0][1].byteOffset)
    ensure(view.getUint32(0) === width && view.getUint32(4) === height, 'another size than in IHDR')
    ensure(Buffer.from(bytes).includes('IDAT'), 'a PNG without an IDAT')
  }
  // The worker does not decode BMPs with run-length coding, so a pixel takes at least one bit.
  ensure(type !== 'bmp' || width * height <= 8 * bytes.length, 'a BMP that is too short for its pixels')
}

/**
 * Returns a view of the bytes within a larger buffer that is filled with `by`. A parser must not use the bytes before
 * and after the view.
 */
function surrounded(bytes: Uint8Array, by: number): Uint8Array {
  const around = new Uint8Array(bytes.length + 70).fill(by)
  around.set(bytes, 33)
  return around.subarray(33, 33 + bytes.length)
}

function checkHeader({ bytes, expected, tail, cut }: PictureInput): boolean {
  const before = bytes.slice()
  const header = readHeader(bytes)
  ensure(sameBytes(bytes, before), 'the file was changed')
  ensureSane(header, bytes)
  ensurePixels(header, bytes)
  ensureEqual(header, readHeader(surrounded(bytes, bytes.length & 0xff)), 'within a larger buffer')

  const short = readHeader(bytes.subarray(0, cut))
  ensureSane(short, bytes)
  ensurePixels(short, bytes.subarray(0, cut))
  if (!short.obstacle && !header.obstacle && header.type !== 'webp') {
    ensure(
      short.width === header.width && short.height === header.height,
      () => `cut short it has another size: ${short.width}x${short.height}, not ${header.width}x${header.height}`,
    )
  }
  if (expected) {
    for (const [field, value] of Object.entries(expected) as [keyof Header, unknown][]) {
      if (field === 'icc') ensure(sameBytes(header.icc, expected.icc), 'another profile')
      else ensure(header[field] === value, () => `${field}: expected ${String(value)}, got ${String(header[field])}`)
    }
    if (typeOf(bytes)) ensureEqual(header, readHeader(concat([bytes, tail])), 'with appended bytes')
  }
  return !header.obstacle
}

/** Returns the type and data of each chunk, in order. A truncated chunk and everything after it are left out. */
function chunksOf(png: Uint8Array): [string, Uint8Array][] {
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength)
  const chunks: [string, Uint8Array][] = []
  for (let at = 8; at + 12 <= png.length;) {
    const length = view.getUint32(at)
    if (at + 12 + length > png.length) break
    chunks.push([Buffer.from(png.subarray(at + 4, at + 8)).toString('latin1'), png.subarray(at + 8, at + 8 + length)])
    at += 12 + length
  }
  return chunks
}

interface ExifInput {
  readonly tiff: Uint8Array
  readonly expected?: number
}

function makeExifInput(random: Random): ExifInput {
  const { tiff, orientation } = makeExif(random)
  if (oneIn(random, 4)) return { tiff, expected: orientation }
  let changed = tiff
  for (let i = random.below(4); i >= 0; i--) changed = mutateBytes(random, changed, tiff)
  return { tiff: changed }
}

function checkExif({ tiff, expected }: ExifInput): boolean {
  const found = readOrientation(tiff)
  ensure([1, 2, 3, 4, 5, 6, 7, 8].includes(found), `orientation ${found}`)
  ensure(expected === undefined || found === expected, `expected ${expected}, got ${found}`)
  ensure(readOrientation(surrounded(tiff, 1)) === found, 'another orientation within a larger buffer')
  const prefixed = concat([latin1('Exif\0\0'), tiff])
  ensure(readOrientation(exifIn(prefixed) ?? new Uint8Array(0)) === found, 'another orientation with a prefix')
  return found !== 1
}

interface IccInput {
  readonly png: Uint8Array
  readonly expected?: Uint8Array
  /** True if the profile is too large, so that readIcc must refuse it. */
  readonly isRefused: boolean
}

/** Returns the size of the largest profile that a file may have, in bytes. */
const maxProfileBytes = (file: Uint8Array) => Math.min(1_000_000, file.length + 100_000)

/** Makes a PNG with a deflated profile that is valid, broken or too large. */
function makeIccInput(random: Random): IccInput {
  const { bytes } = makePicture(random, 'png')
  const icc = concat([makeIcc(random), new Uint8Array(1)])
  const runs = oneIn(random, 20) ? pick(random, [1, 380, 400, 1000, 3876, 20_000, 50_000]) : 0
  const whole = runs > 0 ? zlibBomb(icc, runs) : storedZlib(icc)
  const isWhole = oneIn(random, 2)
  const deflated = isWhole ? whole : mutateBytes(random, whole, bytes)
  // Other profiles are dropped, because a later profile would replace the one that is added here.
  const kept = chunksOf(bytes).filter(([type]) => type !== 'iCCP')
  const [header, ...others] = kept.map(([type, content]) => pngChunk(type, content))
  const profile = pngChunk('iCCP', concat([latin1('p\0\0'), deflated]))
  const png = concat([bytes.subarray(0, 8), header, profile, ...others])
  const isLarge = icc.length + 258 * runs > maxProfileBytes(png)
  const read = readHeader(png)
  // The profile has no tags, so what gAMA and cHRM say comes first.
  const isDropped = !read.icc || read.coding !== undefined || (iccColorSpace(icc) === 'GRAY' && !read.isSampledGrey)
  return {
    png,
    isRefused: isLarge && isWhole && read.icc !== undefined,
    ...(isWhole && !isLarge && !isDropped ? { expected: concat([icc, new Uint8Array(258 * runs)]) } : {}),
  }
}

async function checkIcc({ png, expected, isRefused }: IccInput): Promise<boolean> {
  const read = await readIcc(readHeader(png), png.length).catch((error: unknown) => error)
  ensure(!isRefused || read instanceof TooComplexError, 'a profile that is too large')
  if (read instanceof TooComplexError || !read) {
    ensure(!expected, 'no profile, or a refused one')
    return false
  }
  const icc = read as Uint8Array
  ensure(!expected || sameBytes(icc, expected), 'another profile than was embedded')
  ensure(icc.length >= 128 && icc.length <= maxProfileBytes(png), `a profile of ${icc.length} bytes`)
  ensure(iccColorSpace(icc).length === 4, 'no colour space')
  ensure(icc.buffer !== png.buffer, 'the profile keeps the file alive')
  return true
}

/** Makes the content of a DQT segment. */
function makeTables(random: Random): Uint8Array {
  const table = () => {
    const isWide = oneIn(random, 3)
    const step = random.below(isWide ? 65_536 : 256)
    const steps = Array.from({ length: 64 }, () => (isWide ? u16be(step) : Uint8Array.of(step)))
    return concat([Uint8Array.of((isWide ? 0x10 : 0) + random.below(4)), ...steps])
  }
  const tables = concat(Array.from({ length: 1 + random.below(3) }, table))
  return oneIn(random, 3) ? tables : mutateBytes(random, tables, tables)
}

function checkTables(segment: Uint8Array): boolean {
  let end = 0
  for (const [id, steps] of stepTablesIn(segment)) {
    ensure(id >= 0 && id <= 3, `table ${id}`)
    ensure(steps.length === 64 || steps.length === 128, `${steps.length} bytes of steps`)
    ensure(steps.byteOffset - segment.byteOffset > end || end === 0, 'tables overlap')
    end = steps.byteOffset - segment.byteOffset + steps.length
    ensure(end <= segment.length, 'a table outside its segment')
    const quality = jpegQualityOf(steps)
    ensure(Number.isInteger(quality) && quality >= 1 && quality <= 100, `quality ${quality}`)
  }
  return end > 0
}

/** Larger pictures are not decoded, because they would slow down the run. */
const MAX_PIXELS = 100_000

async function checkDecoder({ bytes, expected }: PictureInput): Promise<boolean> {
  const header = readHeader(bytes)
  if (header.obstacle || header.width * header.height > MAX_PIXELS) return false
  try {
    const picture = await codec.decode(bytes, header)
    const { width, height } = uprightSize(header)
    ensure(picture.width === width && picture.height === height, 'another size than in the header')
    return true
  } catch (error) {
    if (!(error instanceof CodecError)) throw error
    ensure(expected === undefined, () => `a valid file is refused: ${error.message}`)
    // The decoder must not find a size that differs from the size in the header, because the worker checks its limits
    // with the size in the header.
    ensure(!error.message.includes('header says'), error.message)
    return false
  }
}

/** Returns whether libnsgif ignores this screen size and uses the size of the frames instead. */
function isSizeIgnored({ type, width, height }: Header): boolean {
  const screens = ['640x480', '640x512', '800x600', '1024x768', '1280x1024', '1600x1200']
  return type === 'gif' && (Math.max(width, height) > 2048 || screens.includes(`${width}x${height}`))
}

/** Compares the header with the one that libvips reads, if libvips accepts the file. libvips does not read BMP. */
async function checkAgainstSharp({ bytes }: PictureInput): Promise<boolean> {
  const header = readHeader(bytes)
  if (header.obstacle || isSizeIgnored(header)) return false
  let seen
  try {
    seen = await sharp(bytes, { failOn: 'none', limitInputPixels: false }).metadata()
  } catch {
    return false
  }
  const { width, height, pages = 1 } = seen
  ensure(
    width === header.width && height === header.height,
    () => `libvips sees ${width}x${height}, we ${header.width}x${header.height}`,
  )
  ensure(pages === 1 || (header.type === 'gif' && !isRegularGif(bytes)), () => `libvips sees ${pages} frames, we one`)
  ensure(seen.format === header.type, () => `libvips sees ${seen.format}, we ${header.type}`)
  return true
}

export function pictureTargets(corpus: readonly Uint8Array[]): FuzzTarget[] {
  const any = (random: Random) => makeInput(random, corpus)
  return [
    defineTarget({
      name: 'header',
      about: 'readHeader: plausible for any file, exact for valid files, never reads bytes around the file',
      share: 400,
      make: any,
      check: checkHeader,
      fileOf,
    }),
    defineTarget({
      name: 'exif',
      about: 'readOrientation: 1 to 8 for any block, exact for valid blocks in either byte order',
      share: 60,
      make: makeExifInput,
      check: checkExif,
      fileOf: ({ tiff }) => tiff,
    }),
    defineTarget({
      name: 'dqt',
      about: 'JPEG quantisation tables: each within its segment, with a quality of 1 to 100',
      share: 10,
      make: makeTables,
      check: checkTables,
    }),
    defineTarget({
      name: 'icc',
      about: 'readIcc: a copy of the embedded profile, or undefined if the profile is too large',
      share: 5,
      make: makeIccInput,
      check: checkIcc,
      fileOf: ({ png }) => png,
    }),
    defineTarget({
      name: 'decode',
      about: 'decoders: pixels of the size that readHeader returns, or a CodecError',
      share: 2,
      make: any,
      check: checkDecoder,
      fileOf,
    }),
    defineTarget({
      name: 'sharp',
      about: 'readHeader: the same size, type and number of frames as libvips',
      share: 5,
      isCommandOnly: true,
      make: any,
      check: checkAgainstSharp,
      fileOf,
    }),
  ]
}
