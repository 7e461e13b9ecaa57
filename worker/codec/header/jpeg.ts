// JPEG: ITU-T T.81, Annex B; EXIF in APP1; ICC profiles in APP2 (ICC.1:2022, B.4).
// The reader goes through the whole file, because every further scan costs a decoder another pass over all pixels:
// "Two Issues with the JPEG Standard",
// https://libjpeg-turbo.org/pmwiki/uploads/About/TwoIssueswiththeJPEGStandard.pdf
// The reader finds the next marker exactly as libjpeg's next_marker does: skip to 0xff, skip fill bytes, skip 0xff00.

import type { Findings, Obstacle } from './findings.ts'
import { concat } from '../../base/concat.ts'
import { hasExifPrefix, readOrientation, withoutExifPrefix } from './exif.ts'
import { jpegQualityOf, stepTablesIn } from './jpegQuality.ts'

/** Real progressive files have about 10 scans; decoding 500 scans of 4 megapixels took 1.5 s. */
const MAX_SCANS = 100
/** Limit on pixels times scans, so that decoding takes at most about a second. */
const MAX_SCANNED_PIXELS = 400e6
/** Each segment costs libjpeg some microseconds. Phones write a few hundred segments for depth maps in extended XMP. */
const MAX_SEGMENTS = 1000
/**
 * Real profiles have 0.5 to 600 kB. A file with a larger profile is refused, because the picture would change colour
 * without its profile.
 */
export const MAX_ICC_BYTES = 1e6

const SOI = 0xd8
const EOI = 0xd9
const SOS = 0xda
const DQT = 0xdb
const APP1 = 0xe1
const APP2 = 0xe2
const ICC_PREFIX = 'ICC_PROFILE\0'
/**
 * Offset of the id of luma's quantisation table in the content of a frame header (the bytes after its length). Luma is
 * the first component.
 */
const FIRST_TABLE_AT = 8

export function readJpeg(bytes: Uint8Array, found: Findings): Obstacle | undefined {
  let hasOrientation = false
  let scans = 0
  let segments = 0
  const profile: Uint8Array[] = []
  const stepTables = new Map<number, Uint8Array>()
  let lumaTable = 0

  let at = 2 // after SOI
  for (;;) {
    const marker = nextMarker(bytes, at)
    if (!marker || marker.code === EOI) break
    at = marker.end
    if (isBare(marker.code)) continue
    if (++segments > MAX_SEGMENTS) return 'TOO_COMPLEX'

    const length = (bytes[at] << 8) | bytes[at + 1]
    const segment = bytes.subarray(at + 2, at + length)
    const isCut = at + 2 > bytes.length || segment.length !== length - 2
    const isBad = isCut || marker.code === SOI || (isFrame(marker.code) && found.width > 0)
    if (scans === 0) {
      if (isBad || isUnknown(marker.code)) return 'DAMAGED'
    } else {
      // After the first scan, a bad segment does not make the file damaged: the reader stops there, as libjpeg does.
      // Unknown codes are skipped, because damaged data can contain them.
      if (isBad) break
      if (isUnknown(marker.code)) continue
    }

    if (isFrame(marker.code)) {
      const obstacle = readFrame(marker.code, segment, found)
      if (obstacle) return obstacle
      lumaTable = segment[FIRST_TABLE_AT]!
    } else if (marker.code === DQT && scans === 0) {
      for (const [id, steps] of stepTablesIn(segment)) stepTables.set(id, steps)
    } else if (marker.code === SOS) {
      if (!found.width) return 'DAMAGED'
      const steps = stepTables.get(lumaTable)
      if (scans === 0 && steps) found.jpegQuality = jpegQualityOf(steps)
      scans++
      const scanned = found.width * found.height * scans
      if (scans > MAX_SCANS || scanned > MAX_SCANNED_PIXELS) return 'TOO_COMPLEX'
    } else if (marker.code === APP1 && !hasOrientation && hasExifPrefix(segment)) {
      found.orientation = readOrientation(withoutExifPrefix(segment))
      hasOrientation = true
    } else if (marker.code === APP2 && isProfilePart(segment)) {
      profile.push(segment)
    }
    at += length
  }
  if (scans === 0) return 'DAMAGED'
  if (profile.reduce((sum, part) => sum + part.length, 0) > MAX_ICC_BYTES) return 'TOO_COMPLEX'
  found.icc = joinProfile(profile)
  return undefined
}

/** Returns the next marker at or after `at`; `end` is the position after it. */
function nextMarker(bytes: Uint8Array, at: number): { code: number; end: number } | undefined {
  for (;;) {
    at = bytes.indexOf(0xff, at)
    if (at < 0) return undefined
    while (bytes[at] === 0xff) at++
    const code = bytes[at++]
    if (code === undefined) return undefined
    if (code !== 0) return { code, end: at }
  }
}

/** True for markers without a length: TEM and restart markers. */
function isBare(code: number): boolean {
  return code === 0x01 || (code >= 0xd0 && code <= 0xd7)
}

/** True for SOF0 to SOF15, that is for 0xc0 to 0xcf except DHT, JPG and DAC. */
function isFrame(code: number): boolean {
  return code >= 0xc0 && code <= 0xcf && code !== 0xc4 && code !== 0xc8 && code !== 0xcc
}

/** True for reserved codes, at which libjpeg stops with an error. */
function isUnknown(code: number): boolean {
  return code < 0xc0 || code === 0xc8 || (code >= 0xf0 && code <= 0xfd) || code === 0xde || code === 0xdf
}

function readFrame(code: number, segment: Uint8Array, found: Findings): Obstacle | undefined {
  const components = segment[5] ?? 0
  if (segment.length !== 6 + 3 * components) return 'DAMAGED'
  found.height = (segment[1] << 8) | segment[2]
  found.width = (segment[3] << 8) | segment[4]
  found.grey = components === 1
  if (found.width === 0 || found.height === 0) return 'DAMAGED'
  // Supported: baseline, extended and progressive Huffman coding; not arithmetic, lossless or hierarchical coding.
  if (code > 0xc2 || segment[0] !== 8) return 'FORMAT'
  if (components === 4) return 'CMYK'
  return components === 1 || components === 3 ? undefined : 'FORMAT'
}

function isProfilePart(segment: Uint8Array): boolean {
  if (segment.length < ICC_PREFIX.length + 2) return false
  return [...ICC_PREFIX].every((letter, i) => segment[i] === letter.charCodeAt(0))
}

/**
 * Joins the parts of a profile, each of which contains its number (from 1) and the number of parts. Returns undefined
 * if a part is missing.
 */
function joinProfile(parts: readonly Uint8Array[]): Uint8Array | undefined {
  const numberAt = ICC_PREFIX.length
  const sorted = parts.toSorted((a, b) => a[numberAt] - b[numberAt])
  const isComplete = sorted.every((part, i) => part[numberAt] === i + 1 && part[numberAt + 1] === parts.length)
  if (parts.length === 0 || !isComplete) return undefined
  return concat(sorted.map((part) => part.subarray(numberAt + 2)))
}
