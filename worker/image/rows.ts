// Pictures that come as rows, from top to bottom, so that all their pixels need never be in memory at once.
import type { Rgba } from './plane.ts'

export type Pixels = Rgba['data']

/** A picture in RGBA, not premultiplied, whose rows can be read once. */
export interface Rows {
  readonly width: number
  readonly height: number
  /** Each band is one or more whole rows. It is valid until the next one is asked for. */
  readonly bands: AsyncIterable<Pixels> | Iterable<Pixels>
}

/** Returns the rows of a picture in one band. */
export function rowsOf({ width, height, data }: Rgba): Rows {
  return { width, height, bands: [data] }
}

/** Reads all rows. Throws a RangeError if there are too few or too many. */
export async function collectRows({ width, height, bands }: Rows): Promise<Rgba> {
  const data = new Uint8ClampedArray(4 * width * height)
  let taken = 0
  for await (const band of bands) {
    if (taken + band.length > data.length) break
    data.set(band, taken)
    taken += band.length
  }
  if (taken !== data.length) throw new RangeError(`expected ${height} rows of ${width} pixels`)
  return { width, height, data }
}
