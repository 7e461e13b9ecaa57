// The markers of a JPEG (ITU-T T.81, Table B.1). The header reader (header/jpeg.ts) and the decoder go through a file in
// the same way, which is that of libjpeg's next_marker: skip to 0xff, skip fill bytes, skip 0xff00.

export const SOI = 0xd8
export const EOI = 0xd9
export const SOF0 = 0xc0
export const SOF2 = 0xc2
export const DHT = 0xc4
export const SOS = 0xda
export const DQT = 0xdb
export const DRI = 0xdd
export const APP0 = 0xe0
export const APP1 = 0xe1
export const APP2 = 0xe2
export const APP14 = 0xee

/** The first bytes of an APP2 segment with a part of a colour profile (ICC.1:2022, B.4). */
export const ICC_PREFIX = 'ICC_PROFILE\0'

/** A marker; `end` is the position behind it. */
export interface Marker {
  readonly code: number
  readonly end: number
}

/** indexOf is fast over long distances, but its call takes as long as a look at this many bytes. */
const NEAR_BYTES = 16

/** Returns the next marker at or after `at`. */
export function nextMarker(bytes: Uint8Array, at: number): Marker | undefined {
  for (;;) {
    const near = Math.min(at + NEAR_BYTES, bytes.length)
    while (at < near && bytes[at] !== 0xff) at++
    if (at === near) at = bytes.indexOf(0xff, at)
    if (at < 0) return undefined
    while (bytes[at] === 0xff) at++
    const code = bytes[at++]
    if (code === undefined) return undefined
    if (code !== 0) return { code, end: at }
  }
}

/** True for markers without a length: TEM and restart markers. */
export function isBare(code: number): boolean {
  return code === 0x01 || (code >= 0xd0 && code <= 0xd7)
}

/** True for SOF0 to SOF15, that is for 0xc0 to 0xcf except DHT, JPG and DAC. */
export function isFrame(code: number): boolean {
  return code >= 0xc0 && code <= 0xcf && code !== DHT && code !== 0xc8 && code !== 0xcc
}

/** True for reserved codes, at which libjpeg stops with an error. */
export function isUnknown(code: number): boolean {
  return code < 0xc0 || code === 0xc8 || (code >= 0xf0 && code <= 0xfd) || code === 0xde || code === 0xdf
}

/** A segment: a marker, and the bytes behind its length. */
export interface Segment {
  readonly code: number
  readonly content: Uint8Array
  /** Positions behind the marker and behind the segment. */
  readonly start: number
  readonly end: number
  /** True if the file ends before the segment does, or if its length is invalid. */
  readonly isCut: boolean
}

/** How many more markers without a length may be passed; below 0 if there were more. */
export interface BareBudget {
  left: number
}

/**
 * Returns the next segment at or after `at`, which has no content if it is EOI, or undefined if none follows or `budget` is
 * used up.
 */
export function nextSegment(
  bytes: Uint8Array,
  at: number,
  budget: BareBudget = { left: Infinity },
): Segment | undefined {
  for (;;) {
    const marker = nextMarker(bytes, at)
    if (!marker) return undefined
    at = marker.end
    if (marker.code === EOI) return { code: EOI, content: new Uint8Array(0), start: at, end: at, isCut: false }
    if (isBare(marker.code)) {
      if (--budget.left < 0) return undefined
      continue
    }
    const length = (bytes[at] << 8) | bytes[at + 1]
    const content = bytes.subarray(at + 2, at + length)
    const isCut = at + 2 > bytes.length || content.length !== length - 2
    return { code: marker.code, content, start: at, end: at + length, isCut }
  }
}
