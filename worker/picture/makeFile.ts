// Turns a picture's file into the enlarged file, as plan.ts decided. The worker, the command line and the playground
// all call it, so that they produce the same bytes.
import { pause } from '../base/pause.ts'
import { release } from '../base/release.ts'
import { dividedSize, type Header, uprightSize } from '../codec/header.ts'
import { readIcc } from '../codec/icc.ts'
import { applyOrientation } from '../codec/orientation.ts'
import { upscale } from '../engine/upscale.ts'
import type { Rgba } from '../image/plane.ts'
import { collectRows, type Rows, rowsOf } from '../image/rows.ts'
import { createRowShrinker, type Shrinker } from '../image/shrink.ts'
import type { Platform } from '../platform/platform.ts'
import { type Decision, orSkip } from './plan.ts'

/**
 * Version of the served pixels, which is part of every cache key. Raise it when, and only when, the same picture,
 * parameters and weights give different pixels or bytes. Golden files in test/worker show such a change.
 */
export const PIPELINE_VERSION = 3

export type Tools = Pick<Platform, 'codec' | 'enlarger' | 'shrinker'>

/**
 * Decodes, enlarges, shrinks and encodes a picture. `header` is the header of `bytes`. Throws a Skip if any step fails.
 */
export async function makeFile(
  bytes: Uint8Array,
  header: Header,
  decision: Decision,
  tools: Tools,
): Promise<Uint8Array> {
  const { plan } = decision
  const make = plan.scale === 1 ? decodeAt : enlarge
  const picture = await make(bytes, header, decision, tools)
  const file = await orSkip('ENCODE', tools.codec.encode(picture, { ...plan, icc: await readIcc(header) }))
  release(picture.data)
  return file
}

/** Decodes a picture, enlarges it, and shrinks it to the planned size. */
async function enlarge(
  bytes: Uint8Array,
  header: Header,
  { plan, model }: Decision,
  { codec, enlarger, shrinker }: Tools,
): Promise<Rgba> {
  const picture = await orSkip('DECODE', codec.decode(bytes, header))
  const larger = await orSkip('ENGINE', upscale(picture, plan.scale, model, enlarger))
  release(picture.data)
  return orSkip('ENGINE', shrink(larger, plan.width, plan.height, shrinker))
}

/** Decodes a picture at the planned size. A JPEG is shrunk row by row, before it is turned upright. */
async function decodeAt(
  bytes: Uint8Array,
  header: Header,
  { plan: { width, height, divisor } }: Decision,
  { codec, shrinker }: Tools,
): Promise<Rgba> {
  const { type, orientation } = header
  const upright = uprightSize(header)
  if (type !== 'jpeg' || (upright.width === width && upright.height === height)) {
    const picture = await orSkip('DECODE', codec.decode(bytes, header))
    return orSkip('ENGINE', shrink(picture, width, height, shrinker))
  }
  // Turning swaps width and height, or not, in both directions alike.
  const target = { ...uprightSize({ width, height, orientation }), data: new Uint8ClampedArray(4 * width * height) }
  const shrinkRows = createRowShrinker(dividedSize(header, divisor), target.width, target.height)
  let finished = 0
  const decoding = codec.decodeRows(bytes, header, divisor, (rows) => {
    for (const row of shrinkRows(rows)) {
      target.data.set(row, finished)
      finished += row.length
    }
  })
  await orSkip('DECODE', decoding)
  const turned = applyOrientation(target, orientation)
  if (turned !== target) release(target.data)
  return turned
}

/** Bands of a result that are shrunk before other requests get their turn. */
const BANDS_PER_TURN = 32

/**
 * Returns a copy of the picture, shrunk to this size, and frees the memory of the picture. If the picture has this size
 * already, returns the picture itself.
 */
async function shrink(picture: Rgba, width: number, height: number, shrinker: Shrinker): Promise<Rgba> {
  if (picture.width === width && picture.height === height) return picture
  const shrunk = await collectRows(withPauses(shrinker.shrink(rowsOf(picture), width, height)))
  release(picture.data)
  return shrunk
}

function withPauses({ bands, ...size }: Rows): Rows {
  async function* paused() {
    let done = 0
    for await (const band of bands) {
      yield band
      if (++done % BANDS_PER_TURN === 0) await pause()
    }
  }
  return { ...size, bands: paused() }
}
