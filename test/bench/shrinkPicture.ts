// The picture that shrinking is measured on, and its rows as a JPEG's decoder yields them.
import type { Rgba } from '../../worker/image/plane.ts'
import { createRandom } from '../../worker/image/prng.ts'
import type { Rows } from '../../worker/image/rows.ts'

const BAND_ROWS = 16

/** Returns an opaque picture of random levels. */
export function noise(width: number, height: number): Rgba {
  const random = createRandom(1)
  const data = new Uint8Array(4 * width * height)
  for (let i = 0; i < data.length; i++) data[i] = i % 4 === 3 ? 255 : random.below(256)
  return { width, height, data }
}

/** Returns the rows of a picture in bands of 16. */
export function bandsOf({ width, height, data }: Rgba): Rows {
  const bytes = 4 * width * BAND_ROWS
  const bands = Array.from({ length: Math.ceil(data.length / bytes) }, (_, i) =>
    data.subarray(i * bytes, (i + 1) * bytes),
  )
  return { width, height, bands }
}
