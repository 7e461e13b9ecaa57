// Applies the EXIF orientation, which says on which sides of the picture the first stored row and column are.
// EXIF 2.32 (CIPA DC-008), 4.6.4, tag 274.

import type { Rgba } from '../image/plane.ts'
import { type Pixels, type Rgb, type Rows, rowsOf } from '../image/rows.ts'
import { uprightSize } from './header.ts'
import type { Orientation } from './header/findings.ts'

/** Rows of a band: a column of so many pixels lies in one line of the processor's cache if it is stored as a row. */
const BAND_ROWS = 16

/** Reads stored pixels, rotated and mirrored, as the rows of the upright picture. */
export function uprightRows(stored: Rgba | Rgb, orientation: Orientation): Rows {
  const { width, height } = uprightSize({ ...stored, orientation })
  const { data } = stored
  const bytes = data.length / (width * height)
  if (orientation === 1 && bytes === 4) return rowsOf(stored)
  const [origin, right, down] = steps(stored.width, stored.height, orientation).map((pixels) => bytes * pixels)

  function* bands(): Generator<Pixels, void> {
    const to = new Uint8Array(4 * width * Math.min(height, BAND_ROWS)).fill(255)
    for (let top = 0; top < height; top += BAND_ROWS) {
      const end = 4 * width * Math.min(BAND_ROWS, height - top)
      for (let x = 0; x < width; x++) {
        let from = origin + x * right + top * down
        for (let i = 4 * x; i < end; i += 4 * width, from += down) {
          to[i] = data[from]
          to[i + 1] = data[from + 1]
          to[i + 2] = data[from + 2]
          if (bytes === 4) to[i + 3] = data[from + 3]
        }
      }
      yield to.subarray(0, end)
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
