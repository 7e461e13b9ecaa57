// Converts RGB <-> Y'CbCr, ITU-R BT.601 in studio range, with the constants of MATLAB's rgb2ycbcr: the SRCNN paper
// trains and measures on this luma. Planes hold level / 255, so Y is in 16/255..235/255, and Cb and Cr are centred on
// 128/255.
//
//   [Y ]   [ 16]   [  65.481  128.553   24.966 ] [R]
//   [Cb] = [128] + [ -37.797  -74.203  112.0   ] [G]      R, G, B in 0..1, left side in levels
//   [Cr]   [128]   [ 112.0    -93.786  -18.214 ] [B]
import { createPlane, type Plane, type Rgba } from './plane.ts'

const Y_OFFSET = 16 / 255
const C_OFFSET = 128 / 255

/**
 * Scale of the forward matrix. One division by 255 scales the input bytes to 0..1, the other scales the results from
 * 0..255 to 0..1.
 */
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

// The inverse is computed, not typed in, because MATLAB's ycbcr2rgb inverts exactly the matrix above.
const INVERSE = invert3x3([65.481, 128.553, 24.966, -37.797, -74.203, 112, 112, -93.786, -18.214])

const [RY, R_CB, R_CR, , G_CB, G_CR, , B_CB, B_CR] = INVERSE.map((v) => v * 255 * 255)
const DETERMINANT = R_CB * B_CR - R_CR * B_CB

/**
 * Constants for computing mergeYCbCr with colour differences, u (red - luma) and v (blue - luma), in levels:
 *
 *   l = luma (y - yOffset)   u = red . (cb - cOffset, cr - cOffset)   v = blue . (cb - cOffset, cr - cOffset)
 *   R = l + u   G = l + green . (u, v)   B = l + v
 *
 * Bicubic is linear, so u and v can be enlarged instead of cb and cr.
 */
export const DIFFERENCES = {
  yOffset: Y_OFFSET,
  cOffset: C_OFFSET,
  luma: RY, // the same for green and blue, because a grey has no chroma
  red: [R_CB, R_CR],
  blue: [B_CB, B_CR],
  green: [(G_CB * B_CR - G_CR * B_CB) / DETERMINANT, (G_CR * R_CB - G_CB * R_CR) / DETERMINANT],
} as const

export interface YCbCr {
  readonly y: Plane
  readonly cb: Plane
  readonly cr: Plane
}

/** Returns only luma, which the metrics compare. A picture with transparency is first blended with black. */
export function lumaOf(picture: Rgba): Plane {
  const y = createPlane(picture.width, picture.height)
  const rgba = picture.data
  for (let i = 0, p = 0; i < y.data.length; i++, p += 4) {
    const alpha = rgba[p + 3] / 255
    y.data[i] = Y_OFFSET + alpha * (YR * rgba[p] + YG * rgba[p + 1] + YB * rgba[p + 2])
  }
  return y
}

/** Returns the grey levels of a picture that is stored without colour, as level / 255, like MATLAB's imread. */
export function greyOf(picture: Rgba): Plane {
  const grey = createPlane(picture.width, picture.height)
  for (let i = 0; i < grey.data.length; i++) grey.data[i] = picture.data[4 * i] / 255
  return grey
}

/**
 * Splits a picture into three planes. Colours are premultiplied by alpha, so that the planes show the picture over
 * black.
 */
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

/** Alpha (0..1) below this value is rounded to 0, so the pixel's colour does not matter. */
export const INVISIBLE = 0.5 / 255

/**
 * Converts three premultiplied planes of equal size to RGBA bytes that are not premultiplied, and writes them to
 * `target`, with their top-left pixel at (x, y). `alpha` is an optional plane of the same size (0..1, not clamped).
 * Without `alpha` all pixels are opaque. Bytes are rounded to nearest and clamped.
 */
export function mergeYCbCr(planes: YCbCr, target: Rgba, x: number, y: number, alpha?: Plane): void {
  const { width, height } = planes.y
  const luma = planes.y.data
  const cbs = planes.cb.data
  const crs = planes.cr.data
  // A store to a Uint8ClampedArray rounds to nearest (ties to even) and clamps.
  const rgba = new Uint8ClampedArray(target.data.buffer, target.data.byteOffset, target.data.length)
  // INVERSE maps levels to RGB in 0..1. Planes hold level / 255 and bytes are RGB * 255, hence the factor 255².
  const [ry, rb, rr, gy, gb, gr, by, bb, br] = INVERSE.map((v) => v * 255 * 255)
  for (let row = 0; row < height; row++) {
    let i = row * width
    let p = 4 * ((y + row) * target.width + x)
    for (const end = i + width; i < end; i++, p += 4) {
      // Near an edge both alpha and the planes overshoot 1, but their quotient is right.
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

// Alpha is represented as the luma of a white picture with this alpha over black. So the network sharpens alpha just as
// it sharpens luma, and no fringe appears along an edge.
const WHITE = YR * 255 + YG * 255 + YB * 255

/** Returns alpha as luma (see WHITE), [h, w]. */
export function alphaOf(picture: Rgba): Plane {
  const { width, height, data: rgba } = picture
  const alpha = createPlane(width, height)
  for (let i = 0, p = 3; i < alpha.data.length; i++, p += 4) alpha.data[i] = Y_OFFSET + (WHITE * rgba[p]) / 255
  return alpha
}

/**
 * Converts the result of alphaOf to 0..1 (not clamped). `clear` and `solid` are the luma values that stand for alpha 0
 * and 1.
 */
export function opacityOf(alpha: Plane, clear = Y_OFFSET, solid = Y_OFFSET + WHITE): Plane {
  return { ...alpha, data: alpha.data.map((v) => (v - clear) / (solid - clear)) }
}

/** Inverts a row-major 3x3 matrix by cofactors. */
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
