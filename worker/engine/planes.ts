// Planes of one size in one array, channel by channel: the input and the output of networks.
import type { Plane } from '../image/plane.ts'
import type { Planes } from './engine.ts'

/** Throws unless there are `expected` planes, with as many values as their number and size require. */
export function requirePlanes({ channels, width, height, data }: Planes, expected: number): void {
  if (channels === expected && data.length === channels * width * height) return
  const planes = expected === 1 ? '1 plane' : `${expected} planes`
  throw new RangeError(`expected ${planes} of ${width}x${height}, got ${channels} in ${data.length} values`)
}

/** Returns one channel as a view, not as a copy. */
export function planeOf({ width, height, data }: Planes, channel: number): Plane {
  const area = width * height
  return { width, height, data: data.subarray(channel * area, (channel + 1) * area) }
}

/** Applies `map` to each channel. All results must have the same size. */
export function mapPlanes(planes: Planes, map: (plane: Plane) => Plane): Planes {
  const { channels } = planes
  if (channels === 1) return { channels, ...map(planes) } // avoids a copy for luma, the only plane in requests
  const mapped = Array.from({ length: channels }, (_, c) => map(planeOf(planes, c)))
  const { width, height } = mapped[0]
  const data = new Float32Array(channels * width * height)
  mapped.forEach((plane, c) => data.set(plane.data, c * width * height))
  return { channels, width, height, data }
}
