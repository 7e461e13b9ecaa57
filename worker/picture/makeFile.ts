// A file to a sharper file, as decided: what the worker, the command line and the playground have in common, so that
// the same bytes come out of all of them.
import type { Header } from '../codec/header.ts'
import { readIcc } from '../codec/icc.ts'
import { upscale } from '../engine/upscale.ts'
import { shrinkRows } from '../image/shrink.ts'
import type { Rgba } from '../image/plane.ts'
import { pause } from '../base/pause.ts'
import { type Decision, orSkip } from './plan.ts'
import type { Platform } from '../platform/platform.ts'
import { release } from '../base/release.ts'

export type Tools = Pick<Platform, 'codec' | 'enlarger'>

/** `header` is that of `bytes`. Throws a Skip for whatever fails. */
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

/** Rows of a result that are made before others have their turn. */
const ROWS = 64

/** Takes the picture, and gives it back where it has that size. */
async function shrink(picture: Rgba, width: number, height: number): Promise<Rgba> {
  if (picture.width === width && picture.height === height) return picture
  const target = { width, height, data: new Uint8ClampedArray(4 * width * height) }
  let made = 0
  for (const rows of shrinkRows(picture, target)) {
    made += rows
    if (made % ROWS === 0) await pause()
  }
  release(picture.data)
  return target
}
