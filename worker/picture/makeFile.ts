// Turns a picture's file into the enlarged file, as plan.ts decided. The worker, the command line and the playground
// all call it, so that they produce the same bytes.
import { release } from '../base/release.ts'
import type { Codec } from '../codec/contract.ts'
import { type Header, uprightSize } from '../codec/header.ts'
import type { Orientation } from '../codec/header/findings.ts'
import { readIcc } from '../codec/icc.ts'
import { uprightRows } from '../codec/orientation.ts'
import { mayBeGrey, type Samples } from '../codec/samples.ts'
import { upscaleRows } from '../engine/upscale.ts'
import { hasColor, isOpaque, type Rgba } from '../image/plane.ts'
import { collectOpaqueRows, collectRows, type Pixels, type Rgb, type Rows } from '../image/rows.ts'
import type { Platform } from '../platform/platform.ts'
import type { Decision, Plan } from './plan.ts'
import { type FailureStep, orSkip, Skip, skipOf } from './skip.ts'

/**
 * Version of the served pixels, which is part of every cache key. Raise it when, and only when, the same picture,
 * parameters and weights give different pixels or bytes. Golden files in test/worker show such a change.
 */
export const PIPELINE_VERSION = 4

export type Tools = Pick<Platform, 'codec' | 'enlarger' | 'shrinker'>

/**
 * Decodes, enlarges, shrinks and encodes a picture, all by rows. `header` is the header of `bytes`. `tell` gets the share
 * of the result's rows that are there, 0..1, and may hold up the work. Throws a Skip if any step fails.
 */
export async function makeFile(
  bytes: Uint8Array,
  header: Header,
  decision: Decision,
  tools: Tools,
  tell?: (share: number) => void | Promise<void>,
): Promise<Uint8Array> {
  const { plan, model } = decision
  const { enlarger, shrinker, codec } = tools
  const { scale } = plan
  const icc = await orSkip('DECODE', readIcc(header, bytes.length))
  const small = scale === 1 ? shrunkRows(bytes, header, plan, tools) : sourceRows(bytes, header, codec)
  const { rows, grey, alpha } = await small
  const larger = scale === 1 ? rows : upscaleRows(rows, { scale, hasAlpha: alpha, model, enlarger })
  if (plan.isRecoded && alpha && header.type !== 'webp') throw new Skip('SAME_SIZE')
  const result = orSkipRows('ENGINE', shrinker.shrink(larger, plan.width, plan.height))
  const as = { ...plan, icc, grey: grey && mayBeGrey(icc), alpha }
  const file = await orSkip('ENCODE', codec.encodeRows(tell ? watchedRows(result, tell) : result, as))
  if (plan.isRecoded && file.length >= bytes.length) throw new Skip('SAME_SIZE')
  return file
}

/** Upright rows, and the samples that store them without loss. */
interface Upright extends Samples {
  readonly rows: Rows
}

/** Returns the source's rows. */
async function sourceRows(bytes: Uint8Array, header: Header, codec: Codec): Promise<Upright> {
  if (header.type === 'jpeg') return opaque(orSkipRows('DECODE', codec.decodeRows(bytes, header)), header)
  return held(await orSkip('DECODE', codec.decode(bytes, { ...header, orientation: 1 })), header)
}

/** Returns the rows of the source, shrunk to the planned size. A picture is shrunk before it is turned. */
async function shrunkRows(
  bytes: Uint8Array,
  header: Header,
  { width, height, divisor }: Plan,
  { codec, shrinker }: Tools,
): Promise<Upright> {
  const { orientation } = header
  const decoded = orSkipRows('DECODE', codec.decodeRows(bytes, header, divisor))
  // Turning swaps width and height, or not, in both directions alike.
  const stored = uprightSize({ width, height, orientation })
  const rows = orSkipRows('ENGINE', shrinker.shrink(decoded, stored.width, stored.height))
  return header.type === 'jpeg' ? opaque(rows, header) : held(await collectRows(rows), header)
}

/** Returns the upright rows of a JPEG, whose header says which samples it needs. They are held only to be turned. */
async function opaque(rows: Rows, { orientation, grey }: Header): Promise<Upright> {
  const upright = orientation === 1 ? rows : freedRows(await collectOpaqueRows(rows), orientation)
  return { rows: upright, grey, alpha: false }
}

/** Returns the upright rows of a picture that is held in memory, because its pixels say which samples it needs. */
function held(stored: Rgba, { orientation }: Header): Upright {
  return { rows: freedRows(stored, orientation), grey: !hasColor(stored), alpha: !isOpaque(stored) }
}

/** Returns the upright rows of stored pixels, which are freed when all rows were read. */
function freedRows(stored: Rgba | Rgb, orientation: Orientation): Rows {
  const { width, height, bands } = uprightRows(stored, orientation)
  async function* freeing(): AsyncGenerator<Pixels, void> {
    yield* bands
    release(stored.data)
  }
  return { width, height, bands: freeing() }
}

/** Returns the rows. If reading them fails, that throws a Skip. */
function orSkipRows(step: FailureStep, { width, height, bands }: Rows): Rows {
  async function* guarded(): AsyncGenerator<Pixels, void> {
    try {
      yield* bands
    } catch (cause) {
      throw skipOf(step, cause)
    }
  }
  return { width, height, bands: guarded() }
}

function watchedRows({ width, height, bands }: Rows, tell: (share: number) => void | Promise<void>): Rows {
  async function* watched(): AsyncGenerator<Pixels, void> {
    let done = 0
    for await (const band of bands) {
      yield band
      done += band.length
      await tell(done / (4 * width * height))
    }
  }
  return { width, height, bands: watched() }
}
