import type { Rgba } from '../image/plane.ts'
import { iccColorSpace } from './icc.ts'

/** What a picture needs to be stored without loss. */
export interface Samples {
  /** No pixel has colour, and no colour profile asks for RGB samples. */
  readonly grey: boolean
  /** Some pixel is not opaque. */
  readonly alpha: boolean
}

/** `icc` is the profile that is to be embedded. */
export function neededSamples(picture: Rgba, icc: Uint8Array | undefined): Samples {
  const mayBeGrey = !icc || iccColorSpace(icc) === 'GRAY'
  return { grey: mayBeGrey && !hasColor(picture), alpha: !isOpaque(picture) }
}

function hasColor({ data }: Rgba): boolean {
  for (let i = 0; i < data.length; i += 4) {
    if (data[i] !== data[i + 1] || data[i] !== data[i + 2]) return true
  }
  return false
}

function isOpaque({ data }: Rgba): boolean {
  for (let i = 3; i < data.length; i += 4) if (data[i] !== 255) return false
  return true
}

/** The profile, if it describes samples of the kind that are stored. */
export function fittingIcc(icc: Uint8Array | undefined, grey: boolean): Uint8Array | undefined {
  return icc && iccColorSpace(icc) === (grey ? 'GRAY' : 'RGB ') ? icc : undefined
}
