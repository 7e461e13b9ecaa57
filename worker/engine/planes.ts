// Planes of one size in one array, channel by channel, as networks take them.
import type { Plane } from '../image/plane.ts'
import type { Planes } from './engine.ts'

/** One channel: a view, not a copy. */
export function planeOf({ width, height, data }: Planes, channel: number): Plane {
  const area = width * height
  return { width, height, data: data.subarray(channel * area, (channel + 1) * area) }
}

/** `map` of every channel on its own; it must give all of them one size. */
export function mapPlanes(planes: Planes, map: (plane: Plane) => Plane): Planes {
  const { channels } = planes
  if (channels === 1) return { channels, ...map(planes) } // luma, which serving is about: no copy
  const mapped = Array.from({ length: channels }, (_, c) => map(planeOf(planes, c)))
  const { width, height } = mapped[0]
  const data = new Float32Array(channels * width * height)
  mapped.forEach((plane, c) => data.set(plane.data, c * width * height))
  return { channels, width, height, data }
}
