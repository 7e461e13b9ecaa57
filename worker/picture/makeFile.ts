// Turns a picture's file into the enlarged file, as plan.ts decided. The worker, the command line and the playground
// all call it, so that they produce the same bytes.
import { pause } from '../base/pause.ts'
import { release } from '../base/release.ts'
import type { Codec } from '../codec/contract.ts'
import { type Header, uprightSize } from '../codec/header.ts'
import { readIcc } from '../codec/icc.ts'
import { applyOrientation } from '../codec/orientation.ts'
import { upscale } from '../engine/upscale.ts'
import type { Rgba } from '../image/plane.ts'
import { createShrinker, shrinkRows } from '../image/shrink.ts'
import type { Platform } from '../platform/platform.ts'
import { type Decision, orSkip, type Plan } from './plan.ts'

/**
 * Version of the served pixels, which is part of every cache key. Raise it when, and only when, the same picture,
 * parameters and weights give different pixels or bytes. Golden files in test/worker show such a change.
 */
export const PIPELINE_VERSION = 3

export type Tools = Pick<Platform, 'codec' | 'enlarger'>

/**
 * Decodes, enlarges, shrinks and encodes a picture. `header` is the header of `bytes`. Throws a Skip if any step fails.
 */
export async function makeFile(
  bytes: Uint8Array,
  header: Header,
  { plan, model }: Decision,
  { codec, enlarger }: Tools,
): Promise<Uint8Array> {
  const sized = plan.scale === 1 ? await decodeAt(plan, bytes, header, codec) : await enlarge()
  const file = await orSkip('ENCODE', codec.encode(sized, { ...plan, icc: await readIcc(header) }))
  release(sized.data)
  return file

  async function enlarge(): Promise<Rgba> {
    const picture = await orSkip('DECODE', codec.decode(bytes, header))
    const larger = await orSkip('ENGINE', upscale(picture, plan.scale, model, enlarger))
    release(picture.data)
    return orSkip('ENGINE', shrink(larger, plan.width, plan.height))
  }
}

/** Decodes a picture at the planned size. A JPEG is shrunk row by row, before it is turned upright. */
async function decodeAt(
  { width, height, divisor }: Plan,
  bytes: Uint8Array,
  header: Header,
  codec: Codec,
): Promise<Rgba> {
  const { type, orientation } = header
  const upright = uprightSize(header)
  if (type !== 'jpeg' || (upright.width === width && upright.height === height)) {
    const picture = await orSkip('DECODE', codec.decode(bytes, header))
    return orSkip('ENGINE', shrink(picture, width, height))
  }
  const [across, down] = orientation >= 5 ? [height, width] : [width, height]
  const target = { width: across, height: down, data: new Uint8ClampedArray(4 * width * height) }
  const decoded = { width: Math.ceil(header.width / divisor), height: Math.ceil(header.height / divisor) }
  const shrinker = createShrinker(decoded, target)
  const rowBytes = 4 * decoded.width
  const decoding = codec.decodeRows(bytes, header, divisor, (rows) => {
    for (let at = 0; at < rows.length; at += rowBytes) shrinker(rows.subarray(at, at + rowBytes))
  })
  await orSkip('DECODE', decoding)
  const turned = applyOrientation(target, orientation)
  if (turned !== target) release(target.data)
  return turned
}

/** Rows of a result that are shrunk before other requests get their turn. */
const ROWS_PER_TURN = 64

/**
 * Returns a copy of the picture, shrunk to this size, and frees the memory of the picture. If the picture has this size
 * already, returns the picture itself.
 */
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
