// Everything around the network: bicubic enlarging, and the conversion back to RGBA. `plainEnlarger` is in TypeScript
// and serves as the oracle of tests; vectorEnlarger.ts is the fast one.
import { mergeYCbCr, type YCbCr } from '../image/color.ts'
import { crop, type Plane, type Rect, type Rgba } from '../image/plane.ts'
import { resize } from '../image/resize.ts'

/** A plane that covers a part of the result, with its top-left pixel at (x, y). */
export interface Placed {
  readonly plane: Plane
  readonly x: number
  readonly y: number
}

/** Planes that replace or complement the bicubic ones. Each of them covers the region that is merged. */
export interface Layers {
  /** Replaces bicubic luma. */
  readonly luma?: Placed
  /** Is added to luma. */
  readonly detail?: Placed
  /** Only for a picture that is not opaque, whose colours are premultiplied. In 0..1, not clamped. */
  readonly opacity?: Placed
}

/**
 * The contract.
 * - `scale` is 2, 3 or 4. `region` is a part of the enlarged picture; at the edges the picture is mirrored, as in
 *   resize.ts. The result for a region equals that part of the result for the whole picture, to the bit.
 * - Planes agree between enlargers to 2e-7 within 0..1 and 2.4e-7 beyond, bytes to one level. Values are not clamped,
 *   bytes are rounded to nearest. NaN in the input may give any result, but never a hang or a trap.
 * - A result does not depend on earlier calls.
 * - Both methods are synchronous and take up to 35 ns a pixel: a caller with a large picture cuts it into tiles and
 *   pauses between them.
 */
export interface Enlarger {
  /**
   * Returns `region` of the enlarged plane. `buffer` is an optional output buffer: an enlarger may write the result to
   * its start and return a view of it.
   */
  enlarge(plane: Plane, scale: number, region: Rect, buffer?: Float32Array): Plane
  /** Writes `region` of the enlarged picture to the same place in `target`, which has the enlarged picture's size. */
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
