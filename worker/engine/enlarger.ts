// What lies around the network: bicubic enlarging, and the way back to RGBA. It knows planes and pixels; it
// knows no network. `plainEnlarger` is TypeScript, the oracle; vectorEnlarger.ts is what serves.
import { mergeYCbCr, type YCbCr } from '../image/color.ts'
import { crop, type Plane, type Rect, type Rgba } from '../image/plane.ts'
import { resize } from '../image/resize.ts'

/** A plane over a part of the result: its top-left lies at (x, y) there. */
export interface Placed {
  readonly plane: Plane
  readonly x: number
  readonly y: number
}

/** What is known of a part of the result, which all of them cover. */
export interface Layers {
  /** In place of bicubic luma. */
  readonly luma?: Placed
  /** Added to luma. */
  readonly detail?: Placed
  /** Of a picture that is not opaque, in 0..1 and not clamped; then all the rest is premultiplied. */
  readonly opacity?: Placed
}

/**
 * The contract.
 * - `scale` is 2, 3 or 4; `region` is a part of the picture that is so many times as large, whose edges are
 *   mirrored as in resize.ts. What is made of a region is what is made of the whole, to the bit.
 * - Planes agree between enlargers to 2e-7 within 0..1 and 2.4e-7 beyond, bytes to one level. Values are
 *   not clamped, bytes are rounded to nearest. NaN in may give anything out, but never a hang or a trap.
 * - Nothing is kept: no state from an earlier call can be seen in a result.
 * - Both are done when they return, after up to 35 ns a pixel: a caller with a large picture cuts it into
 *   tiles, and lets others have their turn between them.
 */
export interface Enlarger {
  /** The result may lie in `room`, if that is given: from its start, over what was there. */
  enlarge(plane: Plane, scale: number, region: Rect, room?: Float32Array): Plane
  /** Writes `region` of the enlarged picture into `target`, which has its size, at the same place. */
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
