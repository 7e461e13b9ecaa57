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

/** Yields the bands of a picture. Throws a RangeError if there are too few or too many rows, or parts of rows. */
export async function* checkedBands({ width, height, bands }: Rows): AsyncGenerator<Pixels, void> {
  let taken = 0
  for await (const band of bands) {
    taken += band.length / (4 * width)
    if (taken > height || !Number.isInteger(taken)) break
    yield band
  }
  if (taken !== height) throw new RangeError(`expected ${height} rows of ${width} pixels`)
}

/** Reads all rows. Throws a RangeError if there are too few or too many. */
export async function collectRows(rows: Rows): Promise<Rgba> {
  const { width, height } = rows
  const data = new Uint8ClampedArray(4 * width * height)
  let taken = 0
  for await (const band of checkedBands(rows)) {
    data.set(band, taken)
    taken += band.length
  }
  return { width, height, data }
}
