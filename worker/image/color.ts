// RGB <-> Y'CbCr, ITU-R BT.601 in studio range, with the constants of MATLAB's rgb2ycbcr: the
// luma on which the SRCNN paper trains and measures. Planes hold level / 255, so Y lies in
// 16/255..235/255 and Cb, Cr are centred on 128/255.
//
//   [Y ]   [ 16]   [  65.481  128.553   24.966 ] [R]
//   [Cb] = [128] + [ -37.797  -74.203  112.0   ] [G]      R, G, B in 0..1, left side in levels
//   [Cr]   [128]   [ 112.0    -93.786  -18.214 ] [B]
import { createPlane, type Plane, type Rgba } from './plane.ts'

const Y_OFFSET = 16 / 255
const C_OFFSET = 128 / 255

/** Forward matrix for bytes: byte / 255 for the input range, / 255 again for the output in 0..1. */
const TO_UNIT = 1 / (255 * 255)
const YR = 65.481 * TO_UNIT
const YG = 128.553 * TO_UNIT
const YB = 24.966 * TO_UNIT
const BR = -37.797 * TO_UNIT
const BG = -74.203 * TO_UNIT
const BB = 112 * TO_UNIT
const RR = 112 * TO_UNIT
const RG = -93.786 * TO_UNIT
const RB = -18.214 * TO_UNIT

// The inverse is computed, not typed in: ycbcr2rgb inverts exactly the matrix above.
const INVERSE = invert3x3([65.481, 128.553, 24.966, -37.797, -74.203, 112, 112, -93.786, -18.214])

const [RY, R_CB, R_CR, , G_CB, G_CR, , B_CB, B_CR] = INVERSE.map((v) => v * 255 * 255)
const DETERMINANT = R_CB * B_CR - R_CR * B_CB

/**
 * mergeYCbCr's sums from the differences of red and blue from luma, in levels:
 *
 *   l = luma (y - yOffset)   u = red . (cb - cOffset, cr - cOffset)   v = blue . (the same)
 *   R = l + u   G = l + green . (u, v)   B = l + v
 *
 * u and v may be made larger instead of cb and cr, for bicubic is linear.
 */
export const DIFFERENCES = {
  yOffset: Y_OFFSET,
  cOffset: C_OFFSET,
  luma: RY, // that of green and blue, too: a grey has no chroma
  red: [R_CB, R_CR],
  blue: [B_CB, B_CR],
  green: [(G_CB * B_CR - G_CR * B_CB) / DETERMINANT, (G_CR * R_CB - G_CB * R_CR) / DETERMINANT],
} as const

export interface YCbCr {
  readonly y: Plane
  readonly cb: Plane
  readonly cr: Plane
}

/** Luma alone: what the metrics compare. Of a picture that is not opaque: over black. */
export function lumaOf(picture: Rgba): Plane {
  const y = createPlane(picture.width, picture.height)
  const rgba = picture.data
  for (let i = 0, p = 0; i < y.data.length; i++, p += 4) {
    const alpha = rgba[p + 3] / 255
    y.data[i] = Y_OFFSET + alpha * (YR * rgba[p] + YG * rgba[p + 1] + YB * rgba[p + 2])
  }
  return y
}

/** One grey level per pixel, level / 255, for a picture stored without colour: what MATLAB's imread gives for one. */
export function greyOf(picture: Rgba): Plane {
  const grey = createPlane(picture.width, picture.height)
  for (let i = 0; i < grey.data.length; i++) grey.data[i] = picture.data[4 * i] / 255
  return grey
}

/** Premultiplied by alpha, that is: as the picture looks over black. */
export function splitYCbCr(picture: Rgba): YCbCr {
  const { width, height, data: rgba } = picture
  const y = createPlane(width, height)
  const cb = createPlane(width, height)
  const cr = createPlane(width, height)
  for (let i = 0, p = 0; i < y.data.length; i++, p += 4) {
    const alpha = rgba[p + 3] / 255
    const r = alpha * rgba[p]
    const g = alpha * rgba[p + 1]
    const b = alpha * rgba[p + 2]
    y.data[i] = Y_OFFSET + YR * r + YG * g + YB * b
    cb.data[i] = C_OFFSET + BR * r + BG * g + BB * b
    cr.data[i] = C_OFFSET + RR * r + RG * g + RB * b
  }
  return { y, cb, cr }
}

/** Below it alpha rounds to 0, and there is no colour to speak of. */
export const INVISIBLE = 0.5 / 255

/**
 * Writes three premultiplied planes (equal sizes) as RGBA bytes, not premultiplied, into `target` with
 * their top-left at (x, y). `alpha` (0..1, not clamped) is one more plane of that size; without it
 * all is opaque.
 * Rounds to nearest and clamps.
 */
export function mergeYCbCr(planes: YCbCr, target: Rgba, x: number, y: number, alpha?: Plane): void {
  const { width, height } = planes.y
  const luma = planes.y.data
  const cbs = planes.cb.data
  const crs = planes.cr.data
  // A Uint8ClampedArray view rounds to nearest (ties to even) and clamps in the store itself.
  const rgba = new Uint8ClampedArray(target.data.buffer, target.data.byteOffset, target.data.length)
  // INVERSE takes levels to RGB in 0..1; planes are level / 255 and bytes RGB * 255: 255² apart.
  const [ry, rb, rr, gy, gb, gr, by, bb, br] = INVERSE.map((v) => v * 255 * 255)
  for (let row = 0; row < height; row++) {
    let i = row * width
    let p = 4 * ((y + row) * target.width + x)
    for (const end = i + width; i < end; i++, p += 4) {
      // Beside an edge alpha overshoots 1 as the planes do: the quotient is right all the same.
      const opacity = alpha ? alpha.data[i] : 1
      const k = opacity > INVISIBLE ? 1 / opacity : 0
      const l = k * (luma[i] - Y_OFFSET)
      const cb = k * (cbs[i] - C_OFFSET)
      const cr = k * (crs[i] - C_OFFSET)
      rgba[p] = ry * l + rb * cb + rr * cr
      rgba[p + 1] = gy * l + gb * cb + gr * cr
      rgba[p + 2] = by * l + bb * cb + br * cr
      rgba[p + 3] = 255 * opacity
    }
  }
}

// Alpha as the luma of a white picture with that transparency over black: whatever sharpens luma
// then sharpens alpha in step with it, and no fringe appears between the two.
const WHITE = YR * 255 + YG * 255 + YB * 255

/** [h, w], as luma; undefined where the whole picture is opaque. */
export function alphaOf(picture: Rgba): Plane | undefined {
  const { width, height, data: rgba } = picture
  const alpha = createPlane(width, height)
  let isOpaque = true
  for (let i = 0, p = 3; i < alpha.data.length; i++, p += 4) {
    alpha.data[i] = Y_OFFSET + (WHITE * rgba[p]) / 255
    if (rgba[p] !== 255) isOpaque = false
  }
  return isOpaque ? undefined : alpha
}

/** What alphaOf gave, back to 0..1 (not clamped); `clear` and `solid` are the luma that 0 and 1 have become. */
export function opacityOf(alpha: Plane, clear = Y_OFFSET, solid = Y_OFFSET + WHITE): Plane {
  return { ...alpha, data: alpha.data.map((v) => (v - clear) / (solid - clear)) }
}

/** Inverse of a row-major 3x3 matrix by cofactors. */
function invert3x3(m: readonly number[]): number[] {
  const [a, b, c, d, e, f, g, h, i] = m
  const determinant = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)
  return [
    e * i - f * h,
    c * h - b * i,
    b * f - c * e,
    f * g - d * i,
    a * i - c * g,
    c * d - a * f,
    d * h - e * g,
    b * g - a * h,
    a * e - b * d,
  ].map((cofactor) => cofactor / determinant)
}
