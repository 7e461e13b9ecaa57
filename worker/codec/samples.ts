import type { Rgba } from '../image/plane.ts'
import { iccColorSpace } from './icc.ts'

/** What a picture needs to be stored without loss. */
export interface Samples {
  /** No pixel has colour, and no colour profile asks for RGB samples. */
  readonly grey: boolean
  /** Some pixel is not opaque. */
  readonly alpha: boolean
}

/** Looks at every pixel. `icc` is the profile that is to be embedded. */
export function neededSamples({ data }: Rgba, icc: Uint8Array | undefined): Samples {
  let grey = !icc || iccColorSpace(icc) === 'GRAY'
  let alpha = false
  for (let i = 0; i < data.length && (grey || !alpha); i += 4) {
    const r = data[i]
    if (r !== data[i + 1] || r !== data[i + 2]) grey = false
    if (data[i + 3] !== 255) alpha = true
  }
  return { grey, alpha }
}

/** The profile, if it describes samples of the kind that are stored. */
export function fittingIcc(icc: Uint8Array | undefined, grey: boolean): Uint8Array | undefined {
  return icc && iccColorSpace(icc) === (grey ? 'GRAY' : 'RGB ') ? icc : undefined
}
