// Writes PNG files of any kind: colour type, depth, filters, and parts of the pixel data.
import { deflateSync } from 'node:zlib'
import { concat } from '../../../worker/base/concat.ts'
import { pngChunk, words } from './png.ts'

/** Samples of a pixel for each colour type. */
const SAMPLES: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 }

/** All colour types with their depths. */
export const PNG_KINDS = [
  [0, 1],
  [0, 2],
  [0, 4],
  [0, 8],
  [0, 16],
  [2, 8],
  [2, 16],
  [3, 1],
  [3, 2],
  [3, 4],
  [3, 8],
  [4, 8],
  [4, 16],
  [6, 8],
  [6, 16],
] as const

export interface PngSpec {
  readonly width: number
  readonly height: number
  readonly colorType: number
  readonly depth: number
  /** Returns the byte at an index of an unfiltered row. */
  readonly byteAt: (index: number, y: number) => number
  /** Returns the number of a row's filter. Default: 0. */
  readonly filterAt?: (y: number) => number
  readonly palette?: Uint8Array | undefined
  readonly transparency?: Uint8Array | undefined
  /** True for the seven passes of Adam7, each of which has the bytes of `byteAt` in its own rows. */
  readonly isInterlaced?: boolean
  /** Changes the zlib stream. */
  readonly alter?: (deflated: Uint8Array) => Uint8Array
  /** Cuts the zlib stream into the contents of IDAT chunks. Default: one. */
  readonly cut?: (deflated: Uint8Array) => readonly Uint8Array[]
}

export const PNG_SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)

/** Returns the bytes of an unfiltered row. */
export function pngRowBytes({ width, colorType, depth }: Pick<PngSpec, 'width' | 'colorType' | 'depth'>): number {
  return Math.ceil((width * SAMPLES[colorType] * depth) / 8)
}

export function writePngFile(spec: PngSpec): Uint8Array {
  const { width, height, colorType, depth, palette, transparency, isInterlaced = false } = spec
  const whole = new Uint8Array(deflateSync(concat((isInterlaced ? passesOf(spec) : [spec]).map(filteredRows))))
  const deflated = spec.alter?.(whole) ?? whole
  return concat([
    PNG_SIGNATURE,
    pngChunk('IHDR', concat([words(width, height), Uint8Array.of(depth, colorType, 0, 0, isInterlaced ? 1 : 0)])),
    ...(palette ? [pngChunk('PLTE', palette)] : []),
    ...(transparency ? [pngChunk('tRNS', transparency)] : []),
    ...(spec.cut?.(deflated) ?? [deflated]).map((part) => pngChunk('IDAT', part)),
    pngChunk('IEND', new Uint8Array(0)),
  ])
}

/** Place of the first pixel of each pass, and how far its pixels and rows are apart. */
export const PASSES = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const

function passesOf(spec: PngSpec): PngSpec[] {
  const passes: PngSpec[] = []
  for (const [left, top, across, down] of PASSES) {
    const [width, height] = [Math.ceil((spec.width - left) / across), Math.ceil((spec.height - top) / down)]
    if (width > 0 && height > 0) passes.push({ ...spec, width, height })
  }
  return passes
}

/** Returns the rows after their filters, each behind the number of its filter. */
export function filteredRows(spec: PngSpec): Uint8Array {
  const { height, colorType, depth, byteAt, filterAt = () => 0 } = spec
  const rowBytes = pngRowBytes(spec)
  const pixelBytes = Math.ceil((SAMPLES[colorType] * depth) / 8)
  const filtered = new Uint8Array(height * (1 + rowBytes))
  let above = new Uint8Array(rowBytes)
  for (let y = 0; y < height; y++) {
    const row = Uint8Array.from({ length: rowBytes }, (_, i) => byteAt(i, y))
    const at = y * (1 + rowBytes)
    const filter = filterAt(y)
    filtered[at] = filter
    for (let i = 0; i < rowBytes; i++) {
      const left = row[i - pixelBytes] ?? 0
      const corner = above[i - pixelBytes] ?? 0
      filtered[at + 1 + i] = row[i] - predicted(filter, left, above[i], corner)
    }
    above = row
  }
  return filtered
}

/** Predicts a byte from its neighbours (PNG, third edition, section 9). */
function predicted(filter: number, left: number, up: number, corner: number): number {
  switch (filter) {
    case 1:
      return left
    case 2:
      return up
    case 3:
      return (left + up) >> 1
    case 4: {
      const [toLeft, toUp, toCorner] = [left, up, corner].map((one) => Math.abs(left + up - corner - one))
      return toLeft <= toUp && toLeft <= toCorner ? left : toUp <= toCorner ? up : corner
    }
    default:
      return 0
  }
}

/** Changes of a zlib stream behind its last row, in files that browsers show. */
export const PNG_TAILS: readonly (readonly [string, (deflated: Uint8Array) => Uint8Array])[] = [
  ['no checksum', (deflated) => deflated.subarray(0, -4)],
  ['half a checksum', (deflated) => deflated.subarray(0, -2)],
  ['a wrong checksum', (deflated) => deflated.map((byte, i) => (i === deflated.length - 1 ? byte ^ 1 : byte))],
  ['a byte behind the checksum', (deflated) => concat([deflated, Uint8Array.of(0)])],
  ['10 kB behind the checksum', (deflated) => concat([deflated, new Uint8Array(10_000).fill(7)])],
  ['10 kB in place of the checksum', (deflated) => concat([deflated.subarray(0, -4), new Uint8Array(10_000).fill(7)])],
]
