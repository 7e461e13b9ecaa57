// Makes small colour profiles, and reads what is needed of others. ICC.1:2022, 7 (profiles), 9 (tags), 10 (types).

import { encodeAscii } from '../../base/ascii.ts'
import { concat } from '../../base/concat.ts'
import { type ColorCoding, type Colorants, D50, SRGB_COLORANTS, type Xyz } from './coding.ts'

const HEADER_BYTES = 128
/** A tag's signature, and the position and length of its data. */
const TAG_ENTRY_BYTES = 12
const TAG_COUNT_BYTES = 4

const VERSION = 0x04300000

/** Returns the profile of a coding, for samples of one kind. For grey ones, its curve alone matters. */
export function profileOf({ curve, colorants }: ColorCoding, isForGrey: boolean): Uint8Array {
  const trc = parametric(curve)
  return isForGrey ? profile('GRAY', { kTRC: trc }) : rgbProfile(colorants, trc)
}

/**
 * Returns a profile for RGB samples that shows them as `grey` shows equal grey ones. Returns undefined if it shows
 * nothing: Chromium applies only a curve to XYZ.
 */
export function rgbOfGrey(grey: Uint8Array): Uint8Array | undefined {
  const curve = signatureAt(grey, PCS_AT) === 'XYZ ' ? tagsOf(grey)?.get('kTRC') : undefined
  return curve && rgbProfile(SRGB_COLORANTS, curve)
}

/** Returns the colour space that a profile describes: "RGB ", "GRAY", ... */
export function iccColorSpace(icc: Uint8Array): string {
  return signatureAt(icc, SPACE_AT)
}

/** True for a whole profile, as far as its header tells. Viewers apply no other. */
export function isProfile(icc: Uint8Array): boolean {
  if (icc.length < HEADER_BYTES || signatureAt(icc, MAGIC_AT) !== MAGIC) return false
  const size = viewOf(icc).getUint32(0)
  return size >= HEADER_BYTES && size <= icc.length
}

/**
 * True if Chromium can read the profile. If it does not fit the samples, Chromium then applies nothing else in its
 * place.
 */
export function isReadable(icc: Uint8Array): boolean {
  const whole = icc.subarray(0, viewOf(icc).getUint32(0))
  const tags = tagsOf(whole)
  const version = whole[VERSION_AT]
  if (!tags || version > MAX_VERSION) return false
  return (iccColorSpace(icc) === 'GRAY' ? ['kTRC'] : ['rXYZ', 'A2B0', 'A2B1']).some((name) => tags.has(name))
}

const VERSION_AT = 8
const MAX_VERSION = 4
const SPACE_AT = 16
const PCS_AT = 20
const MAGIC_AT = 36
const MAGIC = 'acsp'

function rgbProfile(colorants: Colorants, trc: Uint8Array): Uint8Array {
  const [red, green, blue] = colorants.map(xyz)
  return profile('RGB ', { rXYZ: red, gXYZ: green, bXYZ: blue, rTRC: trc, gTRC: trc, bTRC: trc })
}

/** Writes a profile for a monitor. Tags of the same data share them. */
function profile(space: 'RGB ' | 'GRAY', colors: Readonly<Record<string, Uint8Array>>): Uint8Array {
  const tags = Object.entries({ desc: text('as the source'), cprt: text('no copyright'), wtpt: xyz(D50), ...colors })
  const data = [...new Set(tags.map(([, content]) => content))]
  const table = new Uint8Array(TAG_COUNT_BYTES + TAG_ENTRY_BYTES * tags.length)
  const starts = new Map<Uint8Array, number>()
  let end = HEADER_BYTES + table.length
  for (const content of data) {
    starts.set(content, end)
    end += padded(content).length
  }
  viewOf(table).setUint32(0, tags.length)
  for (const [i, [name, content]] of tags.entries()) {
    const entry = concat([encodeAscii(name), words(starts.get(content)!, content.length)])
    table.set(entry, TAG_COUNT_BYTES + TAG_ENTRY_BYTES * i)
  }
  const header = new Uint8Array(HEADER_BYTES)
  header.set(words(end, 0, VERSION))
  header.set(encodeAscii(`mntr${space}XYZ `), SPACE_AT - 4)
  header.set(words((2026 << 16) | 1, 1 << 16), 24) // 1 January 2026, because a date must be valid
  header.set(encodeAscii(MAGIC), MAGIC_AT)
  header.set(words(...D50.map(fixed)), 68)
  return concat([header, table, ...data.map(padded)])
}

/** Returns the data of all tags, or undefined if a tag is not within the profile, which then no viewer applies. */
function tagsOf(icc: Uint8Array): Map<string, Uint8Array> | undefined {
  const tableAt = HEADER_BYTES + TAG_COUNT_BYTES
  const view = viewOf(icc)
  const count = icc.length < tableAt ? 0 : view.getUint32(HEADER_BYTES)
  if (tableAt + TAG_ENTRY_BYTES * count > icc.length) return undefined
  const tags = new Map<string, Uint8Array>()
  for (let i = 0; i < count; i++) {
    const at = tableAt + TAG_ENTRY_BYTES * i
    const [start, length] = [view.getUint32(at + 4), view.getUint32(at + 8)]
    if (start + length > icc.length) return undefined
    tags.set(signatureAt(icc, at), icc.subarray(start, start + length))
  }
  return tags
}

/** Returns a parametricCurveType (10.18): an exponent, or a curve with a linear part. */
function parametric(parameters: readonly number[]): Uint8Array {
  const kind = parameters.length === 1 ? 0 : 3
  return concat([encodeAscii('para'), words(0, kind << 16, ...parameters.map(fixed))])
}

/** Returns an XYZType (10.31). */
function xyz(color: Xyz): Uint8Array {
  return concat([encodeAscii('XYZ '), words(0, ...color.map(fixed))])
}

/** Returns a multiLocalizedUnicodeType (10.15) of one text in English. */
function text(content: string): Uint8Array {
  const RECORD_BYTES = 12
  const STARTS_AT = 28
  const utf16 = concat([...content].map((letter) => Uint8Array.of(0, letter.charCodeAt(0))))
  return concat([
    encodeAscii('mluc'),
    words(0, 1, RECORD_BYTES),
    encodeAscii('enUS'),
    words(utf16.length, STARTS_AT),
    utf16,
  ])
}

/** Returns an s15Fixed16Number (4.6), the nearest that there is. */
function fixed(value: number): number {
  return Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, Math.round(value * 2 ** 16)))
}

function padded(content: Uint8Array): Uint8Array {
  return concat([content, new Uint8Array(-content.length & 3)])
}

function words(...values: number[]): Uint8Array {
  const bytes = new Uint8Array(4 * values.length)
  for (const [i, value] of values.entries()) viewOf(bytes).setInt32(4 * i, value)
  return bytes
}

function signatureAt(bytes: Uint8Array, at: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + 4))
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength)
}
