// BMP files of all headers and depths, and with one fault each.
// https://learn.microsoft.com/windows/win32/gdi/bitmap-storage
import { concat } from '../../../../worker/base/concat.ts'
import { latin1, u16le, u32le } from '../../../fuzz/encode.ts'
import { type OddFile, patched } from './file.ts'

const [WIDTH, HEIGHT] = [23, 15]

interface BmpSpec {
  /** Size of the second header. */
  readonly header?: number
  readonly bits?: number
  readonly compression?: number
  readonly masks?: readonly [red: number, green: number, blue: number, alpha?: number]
  readonly width?: number
  readonly height?: number
  readonly planes?: number
  /** Colours in the palette, and the number that the header states. */
  readonly colors?: number
  readonly statedColors?: number
  /** Added to the stated position of the pixels and to the stated length of the file. */
  readonly pixelsError?: number
  readonly lengthError?: number
  /** Bytes between palette and pixels. */
  readonly gap?: number
  readonly alphaAt?: (x: number, y: number) => number
  /** Change the finished file. */
  readonly alter?: (file: Uint8Array) => Uint8Array
}

const CORE = 12
const levelAt = (x: number, y: number, channel: number) => (11 * x + 7 * y * (channel + 1) + 60 * channel) & 255

function writeBmp(spec: BmpSpec): Uint8Array {
  const { header = 40, bits = 24, compression = 0, masks, width = WIDTH, height = HEIGHT, planes = 1 } = spec
  const { colors = bits <= 8 ? 2 ** bits : 0, statedColors = header === CORE ? 0 : colors, gap = 0 } = spec
  const { pixelsError = 0, lengthError = 0, alphaAt = () => 0, alter = (file) => file } = spec
  const stride = header === CORE ? 3 : 4
  const palette = concat(
    Array.from({ length: colors }, (_, i) =>
      Uint8Array.of((53 * i) & 255, (97 * i) & 255, (31 * i) & 255, 0).subarray(0, stride),
    ),
  )
  const rowBytes = Math.ceil((WIDTH * bits) / 32) * 4
  const pixels = new Uint8Array(rowBytes * HEIGHT)
  const isMasked = compression === 3 || compression === 6
  const [red, green, blue, alpha = 0] = masks ?? (bits === 16 ? [0x7c00, 0x3e0, 0x1f, 0] : [0xff0000, 0xff00, 0xff, 0])
  for (let y = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++) {
      const place = y * rowBytes * 8 + x * bits
      if (bits <= 8) {
        const index = (3 * x + 5 * y) % 2 ** bits
        pixels[place >> 3] |= index << (8 - bits - (place & 7))
        continue
      }
      const into = (mask: number, level: number) => {
        if (!mask) return 0
        const low = mask & -mask
        const most = (mask >>> 0) / (low >>> 0)
        return (Math.round((level / 255) * most) * (low >>> 0)) >>> 0
      }
      const value =
        bits === 24
          ? (levelAt(x, y, 0) << 16) | (levelAt(x, y, 1) << 8) | levelAt(x, y, 2)
          : (into(red, levelAt(x, y, 0)) |
              into(green, levelAt(x, y, 1)) |
              into(blue, levelAt(x, y, 2)) |
              into(alpha, alphaAt(x, y))) >>>
            0
      const own = bits === 32 && alpha === 0 ? (value | (alphaAt(x, y) << 24)) >>> 0 : value
      pixels.set(u32le(own).subarray(0, bits / 8), place >> 3)
    }
  }
  const info = new Uint8Array(header)
  const view = new DataView(info.buffer)
  view.setUint32(0, header, true)
  if (header === CORE) {
    view.setUint16(4, width, true)
    view.setUint16(6, height, true)
    view.setUint16(8, planes, true)
    view.setUint16(10, bits, true)
  } else {
    view.setInt32(4, width, true)
    view.setInt32(8, height, true)
    view.setUint16(12, planes, true)
    view.setUint16(14, bits, true)
    if (header >= 40) {
      view.setUint32(16, compression, true)
      view.setUint32(32, statedColors, true)
    }
    if (header >= 52) for (const [i, mask] of [red, green, blue].entries()) view.setUint32(40 + 4 * i, mask, true)
    if (header >= 56) view.setUint32(52, alpha, true)
    if (header >= 108) view.setUint32(56, 0x73524742, true) // "sRGB"
  }
  const behind =
    isMasked && header === 40
      ? concat([red, green, blue, ...(compression === 6 ? [alpha] : [])].map(u32le))
      : new Uint8Array(0)
  const parts = [info, behind, palette, new Uint8Array(gap), pixels]
  const bytes = 14 + parts.reduce((sum, { length }) => sum + length, 0)
  const start = concat([
    latin1('BM'),
    u32le(bytes + lengthError),
    u16le(0),
    u16le(0),
    u32le(bytes - pixels.length + pixelsError),
  ])
  return alter(concat([start, ...parts]))
}

const ramp = (x: number, y: number) => (9 * x + 3 * y) & 255
const opaque = () => 255
const half = (file: Uint8Array) => file.subarray(0, 54 + ((file.length - 54) >> 1))
const BITFIELDS = 3
const ALPHA_BITFIELDS = 6
const RLE8 = 1

const SPECS: Readonly<Record<string, BmpSpec>> = {
  ...Object.fromEntries(
    [1, 2, 4, 8, 16, 24, 32].flatMap((bits) =>
      [CORE, 16, 40, 52, 56, 64, 108, 124]
        .filter((header) => header !== CORE || bits <= 24)
        .map((header) => [`${bits} bits, header of ${header}`, { bits, header }]),
    ),
  ),
  ...Object.fromEntries(
    [40, 52, 56, 108, 124].flatMap((header) => [
      [`32 bits, unmasked alpha of 0, header of ${header}`, { bits: 32, header }],
      [`32 bits, unmasked alpha, header of ${header}`, { bits: 32, header, alphaAt: ramp }],
      [`32 bits, unmasked alpha of 255, header of ${header}`, { bits: 32, header, alphaAt: opaque }],
      [
        `32 bits, unmasked alpha, alpha mask stated, header of ${header}`,
        { bits: 32, header, masks: [0xff0000, 0xff00, 0xff, 0xff000000], alphaAt: ramp },
      ],
      [
        `32 bits, masked without alpha, header of ${header}`,
        { bits: 32, header, compression: BITFIELDS, alphaAt: ramp },
      ],
      [
        `32 bits, masked alpha, header of ${header}`,
        { bits: 32, header, compression: BITFIELDS, masks: [0xff0000, 0xff00, 0xff, 0xff000000], alphaAt: ramp },
      ],
      [
        `32 bits, masked alpha of 0, header of ${header}`,
        { bits: 32, header, compression: BITFIELDS, masks: [0xff0000, 0xff00, 0xff, 0xff000000] },
      ],
      [
        `32 bits, masks in other places, header of ${header}`,
        { bits: 32, header, compression: BITFIELDS, masks: [0xff, 0xff00, 0xff0000, 0xff000000], alphaAt: ramp },
      ],
      [
        `32 bits, masks of 10 bits, header of ${header}`,
        { bits: 32, header, compression: BITFIELDS, masks: [0x3ff00000, 0xffc00, 0x3ff] },
      ],
      [`16 bits, 565, header of ${header}`, { bits: 16, header, compression: BITFIELDS, masks: [0xf800, 0x7e0, 0x1f] }],
      [
        `16 bits, 4444, header of ${header}`,
        { bits: 16, header, compression: BITFIELDS, masks: [0xf00, 0xf0, 0xf, 0xf000], alphaAt: ramp },
      ],
      [
        `16 bits, 1555, header of ${header}`,
        { bits: 16, header, compression: BITFIELDS, masks: [0x7c00, 0x3e0, 0x1f, 0x8000], alphaAt: ramp },
      ],
      [
        `32 bits, ALPHABITFIELDS, header of ${header}`,
        { bits: 32, header, compression: ALPHA_BITFIELDS, masks: [0xff0000, 0xff00, 0xff, 0xff000000], alphaAt: ramp },
      ],
      [`24 bits, masked, header of ${header}`, { bits: 24, header, compression: BITFIELDS }],
    ]),
  ),
  'masks that overlap': { bits: 32, header: 56, compression: BITFIELDS, masks: [0xff0000, 0xfff00, 0xff] },
  'masks with gaps': { bits: 32, header: 56, compression: BITFIELDS, masks: [0xf0f000, 0xf00, 0xff] },
  'masks of zero': { bits: 32, header: 56, compression: BITFIELDS, masks: [0, 0, 0] },
  'a negative height': { height: -HEIGHT },
  'a negative height, 8 bits': { height: -HEIGHT, bits: 8 },
  'a negative width': { width: -WIDTH },
  'no width': { width: 0 },
  'no height': { height: 0 },
  'the least height': { height: -(2 ** 31) },
  'two planes': { planes: 2 },
  'no planes': { planes: 0 },
  'a length that is too small': { lengthError: -200 },
  'a length of 0': { alter: (file) => patched(file, 2, 0, 0, 0, 0) },
  'a length that is too large': { lengthError: 9999 },
  'pixels that begin 4 bytes too early': { pixelsError: -4, bits: 8 },
  'pixels that begin in the header': { alter: (file) => patched(file, 10, 20, 0, 0, 0) },
  'pixels that begin at 0': { alter: (file) => patched(file, 10, 0, 0, 0, 0) },
  'pixels that begin beyond the file': { pixelsError: 100_000 },
  'a gap before the pixels': { gap: 10 },
  'bytes behind the end': { alter: (file) => concat([file, new Uint8Array(50)]) },
  'half of the pixels': { alter: half },
  'half of the pixels, 8 bits': { bits: 8, alter: (file) => file.subarray(0, -180) },
  'all but one byte': { alter: (file) => file.subarray(0, -1) },
  'all but the last padding': { alter: (file) => file.subarray(0, -3) },
  'no pixels': { alter: (file) => file.subarray(0, 54) },
  'half of the header': { alter: (file) => file.subarray(0, 30) },
  ...Object.fromEntries(
    [1, 4, 8].flatMap((bits) => [
      [`a palette of one colour, ${bits} bits`, { bits, colors: 1 }],
      [`a palette of 2 colours less, ${bits} bits`, { bits, colors: 2 ** bits - (bits === 1 ? 1 : 2) }],
      [`a palette of 300 colours, ${bits} bits`, { bits, colors: 300 }],
      [`a palette whose number is not stated, ${bits} bits`, { bits, statedColors: 0 }],
      [`a palette of one colour, not stated, ${bits} bits`, { bits, colors: 1, statedColors: 0 }],
      [`a palette that states more colours than are there, ${bits} bits`, { bits, colors: 1, statedColors: 2 ** bits }],
      [`a palette that states 2 ** 31 colours, ${bits} bits`, { bits, statedColors: 2 ** 31 }],
      [`no palette, ${bits} bits`, { bits, colors: 0, statedColors: 0 }],
    ]),
  ),
  'a palette beside 24 bits': { colors: 16 },
  'a palette beside 32 bits': { colors: 16, bits: 32 },
  'a palette stated beside 24 bits': { statedColors: 16 },
  '0 bits': { alter: (file) => patched(file, 28, 0) },
  '3 bits': { alter: (file) => patched(file, 28, 3) },
  '64 bits': { alter: (file) => patched(file, 28, 64) },
  'RLE8 that is not compressed': { bits: 8, compression: RLE8 },
  'an unknown compression': { compression: 99 },
  'an embedded JPEG': { compression: 4 },
}

export const ODD_BMPS: readonly OddFile[] = Object.entries(SPECS).map(([name, spec]) => ({
  name: `BMP: ${name}`,
  bytes: writeBmp(spec),
}))
