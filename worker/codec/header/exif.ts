// Reads the Orientation tag, the only EXIF tag that changes how a picture is shown. The first directory of the EXIF
// block, which is a TIFF file, contains it as tag 0x0112, a SHORT from 1 to 8: EXIF 2.32 (CIPA DC-008), 4.6. Files that
// deviate from this are read as Chromium reads them (test/browser/shown.test.ts).

import type { Orientation } from './findings.ts'
import { startsWith } from './sniff.ts'

const ORIENTATION_TAG = 0x0112
const SHORT = 3

/** Returns the orientation in a TIFF block, or 1 if it is missing or invalid. */
export function readOrientation(tiff: Uint8Array): Orientation {
  if (tiff.length < 8) return 1
  const view = new DataView(tiff.buffer, tiff.byteOffset, tiff.byteLength)
  const order = view.getUint16(0)
  const little = order === 0x4949
  if (!little && order !== 0x4d4d) return 1
  if (view.getUint16(2, little) !== 42) return 1
  const directory = view.getUint32(4, little)
  if (directory + 2 > tiff.length) return 1
  const entries = view.getUint16(directory, little)
  for (let i = 0; i < entries; i++) {
    const entry = directory + 2 + 12 * i
    if (entry + 12 > tiff.length) return 1
    if (view.getUint16(entry, little) !== ORIENTATION_TAG) continue
    const value = view.getUint16(entry + 8, little)
    const isOne = view.getUint16(entry + 2, little) === SHORT && view.getUint32(entry + 4, little) === 1
    if (isOne && value >= 1 && value <= 8) return value as Orientation
  }
  return 1
}

const PREFIX = 'Exif\0' // a byte of padding follows, which is not always zero
const PREFIX_BYTES = 6

/** Returns the TIFF block in an APP1 segment of a JPEG, or undefined if the segment holds other data or nothing. */
export function exifIn(segment: Uint8Array): Uint8Array | undefined {
  return segment.length > PREFIX_BYTES && startsWith(segment, PREFIX) ? segment.subarray(PREFIX_BYTES) : undefined
}
