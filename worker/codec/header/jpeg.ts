// JPEG: ITU-T T.81, Annex B; EXIF in APP1; ICC profiles in APP2 (ICC.1:2022, B.4).
// The reader goes through the whole file, because every further scan costs a decoder another pass over all pixels:
// "Two Issues with the JPEG Standard",
// https://libjpeg-turbo.org/pmwiki/uploads/About/TwoIssueswiththeJPEGStandard.pdf

import { type Findings, MAX_ICC_BYTES, type Obstacle } from './findings.ts'
import { concat } from '../../base/concat.ts'
import { exifIn, readOrientation } from './exif.ts'
import { coefficientBytesOf, type Frame, isStreamed, ownBlocksOf, parseFrame } from '../jpeg/frame.ts'
import {
  APP1,
  APP2,
  type BareBudget,
  DQT,
  EOI,
  ICC_PREFIX,
  isFrame,
  isUnknown,
  nextSegment,
  SOF2,
  SOI,
  SOS,
} from '../jpeg/markers.ts'
import { jpegQualityOf, stepTablesIn } from './jpegQuality.ts'
import { startsWith } from './sniff.ts'

/** Real progressive files have about 10 scans. */
const MAX_SCANS = 100
/** Limit on pixels times scans, so that decoding takes at most about two seconds. */
const MAX_SCANNED_PIXELS = 400e6
/** Each segment costs the decoder some microseconds. Phones write a few hundred segments for depth maps in extended XMP. */
const MAX_SEGMENTS = 1000
/** A megabyte of restart markers takes 20 ms. A scan needs one for each of its blocks at most. */
const MAX_SPARE_BARE_MARKERS = 1000

export function readJpeg(bytes: Uint8Array, found: Findings, missing: number): Obstacle | undefined {
  let hasExif = false
  let scans = 0
  let segments = 0
  const profile: Uint8Array[] = []
  const stepTables = new Map<number, Uint8Array>()
  const bare: BareBudget = { left: MAX_SPARE_BARE_MARKERS }
  let frame: Frame | undefined

  let at = 2 // after SOI
  for (;;) {
    const segment = nextSegment(bytes, at, bare)
    if (bare.left < 0) return 'TOO_COMPLEX'
    if (!segment || segment.code === EOI) break
    if (++segments > MAX_SEGMENTS) return 'TOO_COMPLEX'

    const { code, content } = segment
    const isBad = segment.isCut || code === SOI || (isFrame(code) && frame !== undefined)
    if (scans === 0) {
      if (isBad || isUnknown(code)) return 'DAMAGED'
    } else if (isBad) {
      // A bad segment after the first scan does not make the file damaged: the reader stops there, as libjpeg does.
      break
    }
    // Damaged data after the first scan can contain unknown codes.
    at = isUnknown(code) ? segment.start : segment.end

    if (isFrame(code)) {
      const read = readFrame(code, content, found)
      if (typeof read === 'string') return read
      frame = read
    } else if (code === DQT && scans === 0) {
      for (const [id, steps] of stepTablesIn(content)) stepTables.set(id, steps)
    } else if (code === SOS) {
      if (!frame) return 'DAMAGED'
      if (scans === 0) {
        const steps = stepTables.get(frame.components[0].quantizer) // luma's
        if (steps) found.jpegQuality = jpegQualityOf(steps)
        if (!isStreamed(frame, content[0])) found.coefficientBytes = coefficientBytesOf(frame)
      }
      scans++
      found.scans = scans
      const scanned = found.width * found.height * scans
      if (scans > MAX_SCANS || scanned > MAX_SCANNED_PIXELS) return 'TOO_COMPLEX'
      bare.left += blocksOf(frame)
      if (scans === 1 && isTooShort(frame, content, bytes.length + missing - segment.end)) return 'DAMAGED'
    } else if (code === APP1 && scans === 0 && !hasExif) {
      // Browsers read the first EXIF block, if it is before the pixels, and no other.
      const exif = exifIn(content)
      if (exif) found.orientation = readOrientation(exif)
      hasExif = exif !== undefined
    } else if (code === APP2 && scans === 0 && isProfilePart(content)) {
      profile.push(content)
    }
  }
  if (scans === 0) return 'DAMAGED'
  if (profile.reduce((sum, part) => sum + part.length, 0) > MAX_ICC_BYTES) return 'TOO_COMPLEX'
  found.icc = joinProfile(profile)
  return undefined
}

function readFrame(code: number, content: Uint8Array, found: Findings): Frame | Obstacle {
  const frame = parseFrame(code, content)
  if (!frame) return 'DAMAGED'
  const { width, height, components } = frame
  found.height = height
  found.width = width
  found.grey = components.length === 1
  found.isSampledGrey = found.grey
  // Supported: baseline, extended and progressive Huffman coding; not arithmetic, lossless or hierarchical coding, and
  // no height that follows the first scan (DNL).
  if (code > SOF2 || content[0] !== 8 || height === 0) return 'FORMAT'
  if (components.length === 4) return 'CMYK'
  return components.length === 1 || components.length === 3 ? frame : 'FORMAT'
}

/** Returns the number of blocks of all components. */
function blocksOf(frame: Frame): number {
  const extents = frame.components.map((component) => ownBlocksOf(frame, component))
  return extents.reduce((sum, { across, down }) => sum + across * down, 0)
}

/** True if a scan has fewer bits than blocks: `bytes` are left for it. Every block takes a bit at least. */
function isTooShort(frame: Frame, scan: Uint8Array, bytes: number): boolean {
  const ids = [...scan.subarray(1, 1 + 2 * scan[0])].filter((_, i) => i % 2 === 0)
  const [first] = scan.subarray(1 + 2 * scan[0])
  if (frame.isProgressive && first > 0) return false // a code can stand for many empty blocks
  const blocks = frame.components
    .filter(({ id }) => ids.includes(id))
    .map((component) => ownBlocksOf(frame, component))
    .reduce((sum, { across, down }) => sum + across * down, 0)
  return 8 * bytes < blocks
}

function isProfilePart(segment: Uint8Array): boolean {
  return segment.length > PART_AT && startsWith(segment, ICC_PREFIX)
}

/** Position of a part's number, from 1. The number of parts follows it, and then the part. */
const NUMBER_AT = ICC_PREFIX.length
const PART_AT = NUMBER_AT + 2

/**
 * Joins the parts of a profile as Chromium does: as many as the first part says, in any order. Further parts, such as
 * those of a profile that is there twice, are ignored. Returns undefined if one of the first is missing, doubled or says
 * another number of parts.
 */
function joinProfile(segments: readonly Uint8Array[]): Uint8Array | undefined {
  const count = segments[0]?.[NUMBER_AT + 1] ?? 0
  const parts = segments.slice(0, count).toSorted((a, b) => a[NUMBER_AT] - b[NUMBER_AT])
  const isComplete = parts.every((part, i) => part[NUMBER_AT] === i + 1 && part[NUMBER_AT + 1] === count)
  if (count === 0 || parts.length < count || !isComplete) return undefined
  return concat(parts.map((part) => part.subarray(PART_AT)))
}
