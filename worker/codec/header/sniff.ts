// Detects the type of a file from its first bytes, because file names and Content-Type headers are often wrong.
// Signatures: https://mimesniff.spec.whatwg.org/#image-type-pattern-matching-algorithm and each format's own document.

export const MIME_TYPES = {
  jpeg: 'image/jpeg',
  png: 'image/png',
  webp: 'image/webp',
  gif: 'image/gif',
  bmp: 'image/bmp',
  avif: 'image/avif',
  heic: 'image/heic',
  svg: 'image/svg+xml',
  ico: 'image/x-icon',
  tiff: 'image/tiff',
  jxl: 'image/jxl',
  jp2: 'image/jp2',
  unknown: 'application/octet-stream',
} as const

export type ImageType = keyof typeof MIME_TYPES

// '.' matches any byte.
const SIGNATURES: readonly (readonly [ImageType, string])[] = [
  ['jpeg', '\xff\xd8\xff'],
  ['png', '\x89PNG\r\n\x1a\n'],
  ['gif', 'GIF87a'],
  ['gif', 'GIF89a'],
  ['webp', 'RIFF....WEBP'],
  ['jxl', '\xff\x0a'],
  ['jxl', '\0\0\0\x0cJXL \r\n\x87\n'],
  ['jp2', '\0\0\0\x0cjP  \r\n\x87\n'],
  ['jp2', '\xff\x4f\xff\x51'],
  ['tiff', 'II*\0'],
  ['tiff', 'MM\0*'],
  ['tiff', 'II+\0'],
  ['tiff', 'MM\0+'],
]

export function sniff(bytes: Uint8Array): ImageType {
  const signed = SIGNATURES.find(([, signature]) => startsWith(bytes, signature))
  if (signed) return signed[0]
  if (startsWith(bytes, '....ftyp')) return isoBrand(bytes)
  if (isBmp(bytes)) return 'bmp'
  if (isIco(bytes)) return 'ico'
  return isSvg(bytes) ? 'svg' : 'unknown'
}

/** True if `bytes` begin with a signature. */
export function startsWith(bytes: Uint8Array, signature: string): boolean {
  if (bytes.length < signature.length) return false
  for (let i = 0; i < signature.length; i++) {
    if (signature[i] !== '.' && signature.charCodeAt(i) !== bytes[i]) return false
  }
  return true
}

const latin1 = new TextDecoder('latin1')

/** Tells AVIF from HEIC by the brands in the first box (ISO/IEC 14496-12, 4.3). */
function isoBrand(bytes: Uint8Array): ImageType {
  const brandBytes = 256
  const boxEnd = ((bytes[0] << 24) | (bytes[1] << 16) | (bytes[2] << 8) | bytes[3]) >>> 0
  const text = latin1.decode(bytes.subarray(8, Math.min(boxEnd, brandBytes)))
  const brands = new Set(text.match(/.{4}/gs))
  if (['avif', 'avis'].some((brand) => brands.has(brand))) return 'avif'
  const heic = ['heic', 'heix', 'heim', 'heis', 'hevc', 'hevx', 'mif1', 'msf1']
  return heic.some((brand) => brands.has(brand)) ? 'heic' : 'unknown'
}

/** A text file may also begin with "BM", so the size of the second header must be one that exists in BMP files. */
function isBmp(bytes: Uint8Array): boolean {
  if (!startsWith(bytes, 'BM') || bytes.length < 18) return false
  const headerBytes = bytes[14] | (bytes[15] << 8) | (bytes[16] << 16) | (bytes[17] << 24)
  return [12, 16, 40, 52, 56, 64, 108, 124].includes(headerBytes)
}

/** Other files can begin with the same four bytes, so the first entry must point past the directory. */
function isIco(bytes: Uint8Array): boolean {
  if (!startsWith(bytes, '\0\0\x01\0') || bytes.length < 22) return false
  const entries = bytes[4] | (bytes[5] << 8)
  const offset = (bytes[18] | (bytes[19] << 8) | (bytes[20] << 16) | (bytes[21] << 24)) >>> 0
  return entries > 0 && offset >= 6 + 16 * entries
}

/** True for XML whose first element is <svg>, after an optional byte order mark, declaration, comments and doctype. */
function isSvg(bytes: Uint8Array): boolean {
  const prologBytes = 4096
  const text = new TextDecoder().decode(bytes.subarray(0, prologBytes))
  let at = 0
  for (;;) {
    while (' \t\r\n'.includes(text[at] ?? 'end')) at++
    const ends = text.startsWith('<?', at)
      ? '?>'
      : text.startsWith('<!--', at)
        ? '-->'
        : text.startsWith('<!DOCTYPE svg', at)
          ? '>'
          : undefined
    if (!ends) return /^<(svg:)?svg[\s/>]/.test(text.slice(at, at + 12))
    let end = text.indexOf(ends, at)
    // A doctype may contain declarations in brackets.
    const bracket = text.indexOf('[', at)
    if (ends === '>' && bracket >= 0 && bracket < end) {
      const closed = text.indexOf(']', bracket)
      end = closed < 0 ? -1 : text.indexOf(ends, closed)
    }
    if (end < 0) return false
    at = end + ends.length
  }
}
