// Enlargers do everything around the network: bicubic enlarging, and the conversion back to RGBA. `plainEnlarger` is
// written in TypeScript and is the oracle of tests. vectorEnlarger.ts has a fast enlarger on a kernel.
import { mergeYCbCr, type YCbCr } from '../image/color.ts'
import { crop, type Plane, type Rect, type Rgba } from '../image/plane.ts'
import { resize } from '../image/resize.ts'

/** A plane that covers a part of the result. Its top-left pixel is at (x, y) of the result. */
export interface Placed {
  readonly plane: Plane
  readonly x: number
  readonly y: number
}

/**
 * Planes that replace or complement the planes enlarged by bicubic. Each of them must cover the region that is merged.
 */
export interface Layers {
  /** Luma that replaces bicubic luma. */
  readonly luma?: Placed
  /** Detail that is added to luma. */
  readonly detail?: Placed
  /**
   * Opacity in 0..1, not clamped, of a picture with transparency, whose colours are premultiplied. Undefined if the
   * picture is opaque.
   */
  readonly opacity?: Placed
}

/**
 * The contract of an enlarger.
 * - `scale` is 2, 3 or 4. `region` is a part of the enlarged picture. At its edges the picture is mirrored, as in
 *   resize.ts. A region that is computed separately equals the same region of the whole result bit for bit.
 * - Results of two enlargers differ by at most 2e-7 (planes in 0..1), 2.4e-7 (planes beyond 0..1) or one level (bytes).
 *   Values of planes are not clamped, bytes are rounded to nearest. NaN in the input may give any result, but never a
 *   hang or a trap.
 * - A result does not depend on earlier calls.
 * - Both methods are synchronous and take up to 35 ns per pixel, so a caller cuts a large picture into tiles and pauses
 *   between them.
 */
export interface Enlarger {
  /**
   * Returns `region` of the enlarged plane. An enlarger may write the result to the start of `buffer` and return a view
   * of it.
   */
  enlarge(plane: Plane, scale: number, region: Rect, buffer?: Float32Array): Plane
  /**
   * Writes `region` of the enlarged picture to `target` at the same coordinates. `target` has the enlarged picture's
   * size.
   */
  merge(small: YCbCr, scale: number, region: Rect, target: Rgba, layers: Layers): void
}

export const plainEnlarger: Enlarger = {
  enlarge: (plane, scale, region) => resize(plane, plane.width * scale, plane.height * scale, region),

  merge(small, scale, region, target, { luma, detail, opacity }) {
    const enlarge = (plane: Plane) => plainEnlarger.enlarge(plane, scale, region)
    let y = luma ? partOf(luma, region) : enlarge(small.y)
    if (detail) y = sumOf(y, partOf(detail, region))
    const large = { y, cb: enlarge(small.cb), cr: enlarge(small.cr) }
    mergeYCbCr(large, target, region.x, region.y, opacity && partOf(opacity, region))
  },
}

function partOf({ plane, x, y }: Placed, region: Rect): Plane {
  return crop(plane, { ...region, x: region.x - x, y: region.y - y })
}

function sumOf(a: Plane, b: Plane): Plane {
  return { ...a, data: a.data.map((v, i) => v + b.data[i]) }
}
