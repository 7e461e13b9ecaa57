// Pictures that come as rows, from top to bottom, so that all their pixels need never be in memory at once.
import { release } from '../base/release.ts'
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

/** An opaque picture in three bytes a pixel: red, green and blue. */
export interface Rgb {
  readonly width: number
  readonly height: number
  readonly data: Uint8Array
}

/** Reads all rows of an opaque picture. Throws a RangeError if there are too few or too many. */
export async function collectOpaqueRows(rows: Rows): Promise<Rgb> {
  const { width, height } = rows
  const data = new Uint8Array(3 * width * height)
  let to = 0
  for await (const band of checkedBands(rows)) {
    for (let at = 0; at < band.length; at += 4) {
      data[to++] = band[at]
      data[to++] = band[at + 1]
      data[to++] = band[at + 2]
    }
  }
  return { width, height, data }
}

/** A part of a picture, with the rows around it. */
export interface Window {
  /** The rows in the window. It is valid until the next window is asked for. */
  readonly picture: Rgba
  /** The window's own rows: from `top` to `bottom - 1`, counted in the window. The others are its margin. */
  readonly top: number
  readonly bottom: number
}

/**
 * Cuts a picture into windows of about `rowsAtMost` rows of their own and `margin` rows more on both sides, as far as the
 * picture has them. Throws a RangeError if there are too few or too many rows.
 */
export async function* windowsOf(rows: Rows, rowsAtMost: number, margin: number): AsyncGenerator<Window, void> {
  const { width, height } = rows
  const count = Math.ceil(height / rowsAtMost)
  const own = Math.ceil(height / count)
  const rowBytes = 4 * width
  const buffer = new Uint8ClampedArray(rowBytes * Math.min(height, own + 2 * margin))
  /** First row of the picture in the buffer, first own row of the next window, and bytes in the buffer. */
  let first = 0
  let start = 0
  let filled = 0
  for await (const band of checkedBands(rows)) {
    for (let at = 0; at < band.length;) {
      const part = band.subarray(at, at + buffer.length - filled)
      buffer.set(part, filled)
      filled += part.length
      at += part.length
      const end = first + filled / rowBytes
      while (start < height && end >= Math.min(height, start + own + margin)) {
        const stop = Math.min(height, start + own)
        const picture = { width, height: end - first, data: buffer.subarray(0, filled) }
        yield { picture, top: start - first, bottom: stop - first }
        start = stop
        const next = Math.max(0, start - margin)
        buffer.copyWithin(0, rowBytes * (next - first), filled)
        filled -= rowBytes * (next - first)
        first = next
      }
    }
  }
  release(buffer)
}
