// Turns a file into a sharper file, as decided. Worker, command line and playground all call it, so that the same bytes
// come out of each.
import { pause } from '../base/pause.ts'
import { release } from '../base/release.ts'
import type { Header } from '../codec/header.ts'
import { readIcc } from '../codec/icc.ts'
import { upscale } from '../engine/upscale.ts'
import type { Rgba } from '../image/plane.ts'
import { shrinkRows } from '../image/shrink.ts'
import type { Platform } from '../platform/platform.ts'
import { type Decision, orSkip } from './plan.ts'

/**
 * Version of the served pixels, part of every cache key. It is raised by hand when, and only when, the same picture,
 * parameters and weights give other pixels or other bytes (guarded by golden files in test/worker).
 */
export const PIPELINE_VERSION = 2

export type Tools = Pick<Platform, 'codec' | 'enlarger'>

/** `header` is the one of `bytes`. Throws a Skip for whatever fails. */
export async function makeFile(
  bytes: Uint8Array,
  header: Header,
  { plan, model }: Decision,
  { codec, enlarger }: Tools,
): Promise<Uint8Array> {
  const picture = await orSkip('DECODE', codec.decode(bytes, header))
  const { scale, width, height } = plan
  let larger = picture
  if (scale > 1) {
    larger = await orSkip('ENGINE', upscale(picture, scale, model, enlarger))
    release(picture.data)
  }
  const sized = await orSkip('ENGINE', shrink(larger, width, height))
  const file = await orSkip('ENCODE', codec.encode(sized, { ...plan, icc: await readIcc(header) }))
  release(sized.data)
  return file
}

/** Rows of a result that are made before other requests get their turn. */
const ROWS_PER_TURN = 64

/** Returns the picture itself if it has that size already; else releases it. */
async function shrink(picture: Rgba, width: number, height: number): Promise<Rgba> {
  if (picture.width === width && picture.height === height) return picture
  const target = { width, height, data: new Uint8ClampedArray(4 * width * height) }
  let finished = 0
  for (const rows of shrinkRows(picture, target)) {
    finished += rows
    if (finished % ROWS_PER_TURN === 0) await pause()
  }
  release(picture.data)
  return target
}
