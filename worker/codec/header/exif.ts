// Reads the Orientation tag, the only EXIF tag that changes how a picture is shown. The first directory of the EXIF
// block, which is a TIFF file, contains it as tag 0x0112, a SHORT from 1 to 8: EXIF 2.32 (CIPA DC-008), 4.6.

import type { Orientation } from './findings.ts'

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
    return isOne && value >= 1 && value <= 8 ? (value as Orientation) : 1
  }
  return 1
}

const PREFIX = [0x45, 0x78, 0x69, 0x66, 0] // "Exif\0"
/** A byte of any value follows. The standard says 0, but old cameras wrote others, and Chromium looks at none. */
const PREFIX_BYTES = PREFIX.length + 1

/** True for a TIFF block behind the prefix that JPEG requires; some WebP writers add it, too. */
export function hasExifPrefix(block: Uint8Array): boolean {
  return block.length > PREFIX_BYTES && PREFIX.every((byte, i) => block[i] === byte)
}

/** Returns the block without its prefix, if it has one. */
export function withoutExifPrefix(block: Uint8Array): Uint8Array {
  return hasExifPrefix(block) ? block.subarray(PREFIX_BYTES) : block
}
