// Applies the EXIF orientation, which says on which sides of the picture the first stored row and column are.
// EXIF 2.32 (CIPA DC-008), 4.6.4, tag 274.

import type { Rgba } from '../image/plane.ts'
import { type Pixels, type Rows, rowsOf } from '../image/rows.ts'
import { uprightSize } from './header.ts'
import type { Orientation } from './header/findings.ts'

/** Rows of a band: a column of so many pixels lies in one line of the processor's cache if it is stored as a row. */
const BAND_ROWS = 16

/** Reads stored pixels as the rows of the upright picture, rotated and mirrored. */
export function uprightRows(stored: Rgba, orientation: Orientation): Rows {
  if (orientation === 1) return rowsOf(stored)
  const { width, height } = uprightSize({ ...stored, orientation })
  const [origin, right, down] = steps(stored.width, stored.height, orientation)
  const { data } = stored.data.byteOffset % 4 === 0 ? stored : { data: new Uint8Array(stored.data) }
  const from = new Uint32Array(data.buffer, data.byteOffset, width * height)

  function* bands(): Generator<Pixels, void> {
    const to = new Uint32Array(width * Math.min(height, BAND_ROWS))
    for (let top = 0; top < height; top += BAND_ROWS) {
      const rows = Math.min(BAND_ROWS, height - top)
      for (let x = 0; x < width; x++) {
        let at = origin + x * right + top * down
        for (let i = x; i < rows * width; i += width, at += down) to[i] = from[at]!
      }
      yield new Uint8Array(to.buffer, 0, 4 * width * rows)
    }
  }
  return { width, height, bands: bands() }
}

/**
 * Returns the index, among the w x h stored pixels, of the upright picture's top-left pixel. Also returns how much the
 * index changes for one pixel to the right and for one pixel down.
 */
function steps(w: number, h: number, orientation: Orientation): [number, number, number] {
  const [topRight, bottomLeft, bottomRight] = [w - 1, (h - 1) * w, h * w - 1]
  switch (orientation) {
    case 1:
      return [0, 1, w]
    case 2: // mirrored horizontally
      return [topRight, -1, w]
    case 3: // rotated by 180 degrees
      return [bottomRight, -1, -w]
    case 4: // flipped vertically
      return [bottomLeft, 1, -w]
    case 5: // transposed
      return [0, w, 1]
    case 6: // to be rotated clockwise
      return [bottomLeft, -w, 1]
    case 7: // transposed along the other diagonal
      return [bottomRight, -w, -1]
    case 8: // to be rotated counter-clockwise
      return [topRight, w, -1]
  }
}
