// Writes colour profiles of any kind, and puts them into files. ICC.1:2022, 7 (profiles), 9 (tags), 10 (types).
import { deflateSync } from 'node:zlib'
import { concat } from '../../../worker/base/concat.ts'
import { jpegSegment, latin1 } from '../../fuzz/encode.ts'
import { pngChunk, words } from './png.ts'

export interface ProfileSpec {
  readonly space: string
  readonly tags: Readonly<Record<string, Uint8Array>>
  /** Space in which colours are connected. Default: "XYZ ". */
  readonly connection?: string
  /** Default: 2. */
  readonly version?: number
  /** Size as stated by the header. Default: the real one. */
  readonly statedBytes?: number
}

export function writeProfile({ space, tags, connection = 'XYZ ', version = 2, statedBytes }: ProfileSpec): Uint8Array {
  const entries = Object.entries(tags)
  const table: Uint8Array[] = [words(entries.length)]
  let end = 128 + 4 + 12 * entries.length
  for (const [name, content] of entries) {
    table.push(latin1(name), words(end, content.length))
    end += content.length
  }
  const header = new Uint8Array(128)
  header.set(words(statedBytes ?? end, 0, version << 24))
  header.set(latin1(`mntr${space}${connection}`), 12)
  header.set(latin1('acsp'), 36)
  header.set(words(...D50.map(fixed)), 68)
  return concat([header, ...table, ...entries.map(([, content]) => content)])
}

const D50 = [0.9642, 1, 0.8249]

type Options = Partial<Pick<ProfileSpec, 'connection' | 'version' | 'statedBytes'>>

/** Returns a profile of Display P3's primaries with a curve. */
export function rgbProfile(curve: Uint8Array, options: Options = {}): Uint8Array {
  const [red, green, blue] = [
    [0.51512, 0.2412, -0.00105],
    [0.29198, 0.69225, 0.04189],
    [0.1571, 0.06657, 0.78407],
  ].map(xyz)
  const tags = { wtpt: xyz(D50), rXYZ: red, gXYZ: green, bXYZ: blue, rTRC: curve, gTRC: curve, bTRC: curve }
  return writeProfile({ space: 'RGB ', tags, ...options })
}

export function greyProfile(curve: Uint8Array, options: Options = {}): Uint8Array {
  return writeProfile({ space: 'GRAY', tags: { wtpt: xyz(D50), kTRC: curve }, ...options })
}

/** Returns a curveType of one exponent. */
export function gammaCurve(gamma: number): Uint8Array {
  return concat([latin1('curv'), words(0, 1), Uint8Array.of(Math.floor(gamma), Math.round(256 * (gamma % 1)), 0, 0)])
}

/** Returns a curveType of 256 samples, like those of Dot Gain. */
export function sampledCurve(lightOf: (level: number) => number): Uint8Array {
  const samples = Uint8Array.from({ length: 512 }, (_, i) => {
    const level = Math.round(65_535 * lightOf((i >> 1) / 255))
    return i % 2 === 0 ? level >> 8 : level & 255
  })
  return concat([latin1('curv'), words(0, 256), samples])
}

/** Returns a parametricCurveType. */
export function parametricCurve(kind: number, ...parameters: number[]): Uint8Array {
  return concat([latin1('para'), words(0, kind << 16, ...parameters.map(fixed))])
}

function xyz(color: readonly number[]): Uint8Array {
  return concat([latin1('XYZ '), words(0, ...color.map(fixed))])
}

function fixed(value: number): number {
  return Math.round(value * 65_536)
}

/** Returns an iCCP chunk. `alter` changes the deflated profile. */
export function iccChunk(icc: Uint8Array, alter = (deflated: Uint8Array) => deflated): Uint8Array {
  return pngChunk('iCCP', concat([latin1('icc\0\0'), alter(new Uint8Array(deflateSync(icc)))]))
}

/** Returns an APP2 segment with a part of a profile. */
export function iccSegment(part: Uint8Array, number = 1, count = 1): Uint8Array {
  return jpegSegment(0xe2, concat([latin1('ICC_PROFILE\0'), Uint8Array.of(number, count), part]))
}

/** Returns the JPEG with segments behind SOI. */
export function withSegments(jpeg: Uint8Array, ...segments: Uint8Array[]): Uint8Array {
  return concat([jpeg.subarray(0, 2), ...segments, jpeg.subarray(2)])
}
