// Which samples a picture needs when it is stored: grey or RGB, with alpha or without.
import { hasColor, isOpaque, type Rgba } from '../image/plane.ts'
import { iccColorSpace, rgbOfGrey } from './icc/profile.ts'

/** The samples needed to store a picture without loss. */
export interface Samples {
  /** True if no pixel has colour and the colour profile, if any, does not require RGB samples. */
  readonly grey: boolean
  /** True if some pixel is not opaque. */
  readonly alpha: boolean
}

/** Returns the samples that `picture` needs; `icc` is the profile to embed. */
export function neededSamples(picture: Rgba, icc: Uint8Array | undefined): Samples {
  return { grey: mayBeGrey(icc) && !hasColor(picture), alpha: !isOpaque(picture) }
}

/** True if the profile to embed, if any, allows grey samples. */
export function mayBeGrey(icc: Uint8Array | undefined): boolean {
  return !icc || iccColorSpace(icc) === 'GRAY'
}

/**
 * Returns the profile that shows the stored samples, grey or RGB, as `icc` does: itself, or one for RGB in place of one
 * for grey. Returns undefined if there is none.
 */
export function fittingIcc(icc: Uint8Array | undefined, grey: boolean): Uint8Array | undefined {
  const space = icc && iccColorSpace(icc)
  if (space === (grey ? 'GRAY' : 'RGB ')) return icc
  return space === 'GRAY' ? rgbOfGrey(icc!) : undefined
}
