// BMP: https://learn.microsoft.com/windows/win32/gdi/bitmap-storage (BITMAPINFOHEADER, V4, V5), and its predecessor
// BITMAPCOREHEADER.

import { type Findings, MAX_ICC_BYTES, type Obstacle } from './findings.ts'
import { isGreyPalette } from './palette.ts'

const FILE_HEADER = 14
const CORE_HEADER = 12
const V4_HEADER = 108
const V5_HEADER = 124
/**
 * Sizes in bytes of the headers BITMAPINFOHEADER (40), its two undocumented successors with colour masks (52 and 56),
 * V4 (108) and V5.
 */
const INFO_HEADERS = new Set([40, 52, 56, V4_HEADER, V5_HEADER])

const UNCOMPRESSED = 0
const BITFIELDS = 3
const EMBEDDED_PROFILE = 0x4d424544 // "MBED"

export function readBmp(bytes: Uint8Array, found: Findings, missing: number): Obstacle | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const headerBytes = view.getUint32(FILE_HEADER, true)
  const paletteAt = FILE_HEADER + headerBytes
  if (bytes.length < paletteAt) return 'DAMAGED'
  const isCore = headerBytes === CORE_HEADER
  if (!isCore && !INFO_HEADERS.has(headerBytes)) return 'FORMAT'

  const width = isCore ? view.getUint16(18, true) : view.getInt32(18, true)
  // The stored height is negative if the rows are stored from top to bottom.
  const height = Math.abs(isCore ? view.getUint16(20, true) : view.getInt32(22, true))
  const bits = view.getUint16(isCore ? 24 : 28, true)
  const compression = isCore ? UNCOMPRESSED : view.getUint32(30, true)
  const alphaMask = headerBytes >= 56 ? view.getUint32(66, true) : 0
  found.width = Math.max(0, width)
  found.height = height
  found.alpha = alphaMask !== 0 && compression === BITFIELDS
  if (width <= 0 || height === 0) return 'DAMAGED'

  // Run-length coding (RLE) is refused, because decoders fill its gaps differently. Embedded JPEGs and PNGs are also
  // refused.
  const isPlain = compression === UNCOMPRESSED && [1, 4, 8, 16, 24, 32].includes(bits)
  const isMasked = compression === BITFIELDS && [16, 32].includes(bits)
  if (!isPlain && !isMasked) return 'FORMAT'
  // Only Chromium takes an alpha mask from a header that says that there are no masks.
  if (isPlain && bits === 32 && headerBytes >= V4_HEADER && alphaMask !== 0) return 'FORMAT'

  const pixelsAt = view.getUint32(10, true)
  const rowBytes = Math.ceil((width * bits) / 32) * 4
  if (pixelsAt + rowBytes * height > bytes.length + missing) return 'DAMAGED'

  if (bits <= 8) {
    const stride = isCore ? 3 : 4
    const colors = (isCore ? 0 : view.getUint32(46, true)) || 2 ** bits
    if (colors > 2 ** bits) return 'FORMAT'
    const palette = bytes.subarray(paletteAt, paletteAt + colors * stride)
    found.grey = isGreyPalette(palette, stride)
    found.isSampledGrey = found.grey // Chromium applies a profile for grey samples to any BMP
  }
  if (headerBytes === V5_HEADER) found.icc = embeddedProfile(bytes, view)
  if (found.icc && found.icc.length > MAX_ICC_BYTES) return 'TOO_COMPLEX'
  return undefined
}

function embeddedProfile(bytes: Uint8Array, view: DataView): Uint8Array | undefined {
  if (view.getUint32(FILE_HEADER + 56, true) !== EMBEDDED_PROFILE) return undefined
  const at = FILE_HEADER + view.getUint32(FILE_HEADER + 112, true)
  const length = view.getUint32(FILE_HEADER + 116, true)
  return length > 0 && at + length <= bytes.length ? bytes.subarray(at, at + length) : undefined
}
