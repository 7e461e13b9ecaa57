// From a small picture to a large one: luma through bicubic and the network, chroma through bicubic,
// as in the paper; a network that enlarges takes the small luma instead, and gives what is added to
// bicubic. Transparent pictures are taken premultiplied, and alpha goes the way of luma, so that both
// keep in step along an edge. It works tile by tile from the small planes, so that besides the result
// (4 B/px) only one tile of luma exists, before and after the network; the result does not depend on
// the tiles. Bicubic and colour are an enlarger's work.
//
//   rgba ─┬─ Y ──┬── bicubic ─── network ──┬─ rgba
//         │      └── network ─── + bicubic ┤
//         ├─ alpha ─ as luma ──────────────┤
//         └─ Cb Cr ─ bicubic ──────────────┘
import { alphaOf, opacityOf, splitYCbCr } from '../image/color.ts'
import { crop, type Plane, type Rect, type Rgba } from '../image/plane.ts'
import { tilesOf } from '../image/tile.ts'
import { haloOf, type Network, requireScale } from '../model/network.ts'
import { pause } from '../base/pause.ts'
import { release } from '../base/release.ts'
import type { Engine, Planes } from './engine.ts'
import { type Enlarger, type Placed, plainEnlarger } from './enlarger.ts'
import { mapPlanes, planeOf } from './planes.ts'

/** A network and what runs it. */
export interface Model {
  readonly network: Network
  readonly engine: Engine
}

/** Without a network: so much of a picture is made before others have their turn. */
const BICUBIC_TILE = 512

/** Side of what a network that enlarges takes at a time: its output, at x3, is 9 MB. */
const SMALL_TILE = 512

/**
 * `scale` times as large a picture, by bicubic alone where `model` is undefined.
 * Rejects where the engine does or what it gives is no number, which would be a black hole; never changes its input.
 */
export async function upscale(picture: Rgba, scale: number, model?: Model, enlarger = plainEnlarger): Promise<Rgba> {
  const width = picture.width * scale
  const height = picture.height * scale
  const target: Rgba = { width, height, data: new Uint8ClampedArray(4 * width * height) }
  const small = splitYCbCr(picture)
  const alpha = alphaOf(picture)
  const extremes = alpha && model && (await extremesOf(model))
  const parts = partsOf(picture, scale, model)
  // For all of them: to get fresh memory takes longer than to fill it.
  const rooms = model && roomsFor(parts)
  for (const part of parts) {
    const sharper =
      model && placed(finite(await sharpen({ channels: 1, ...small.y }, scale, part, model, enlarger, rooms)), part)
    const opacity = alpha && (await resolveOpacity(alpha, scale, part, enlarger, model, extremes))
    const luma = model && givesDetail(model.network) ? { detail: sharper } : { luma: sharper }
    enlarger.merge(small, scale, part.core, target, { ...luma, opacity })
    if (opacity) release(opacity.plane.data)
    await pause()
  }
  for (const { data } of [small.y, small.cb, small.cr, ...(alpha ? [alpha] : [])]) release(data)
  if (rooms) release(rooms.input, rooms.output)
  return target
}

/** The same on one plane, in 0..1 and not clamped: what training and evaluation measure. */
export function upscalePlane(plane: Plane, scale: number, model?: Model, enlarger?: Enlarger): Promise<Plane> {
  return upscalePlanes({ channels: 1, ...plane }, scale, model, enlarger)
}

/** The same on as many planes as the network has channels: each by bicubic, then all by the network. */
export async function upscalePlanes(
  planes: Planes,
  scale: number,
  model?: Model,
  enlarger = plainEnlarger,
): Promise<Planes> {
  const { channels } = planes
  const width = planes.width * scale
  const height = planes.height * scale
  const data = new Float32Array(channels * width * height)
  for (const part of partsOf(planes, scale, model)) {
    const { core, output } = part
    const bicubic = (region: Rect) => mapPlanes(planes, (plane) => enlarger.enlarge(plane, scale, region))
    const result = model ? await sharpen(planes, scale, part, model, enlarger) : bicubic(output)
    if (model && givesDetail(model.network)) addTo(result, bicubic(output))
    for (let c = 0; c < channels; c++) {
      for (let row = 0; row < core.height; row++) {
        const from = (c * output.height + core.y - output.y + row) * output.width + core.x - output.x
        const to = (c * height + core.y + row) * width + core.x
        data.set(result.data.subarray(from, from + core.width), to)
      }
    }
  }
  return { channels, width, height, data }
}

/** A part of the result. */
interface Part {
  /** In the result; all of them together are the result. */
  readonly core: Rect
  /** What the network takes for it: of the enlarged planes, or of the small ones. */
  readonly input: Rect
  /** What it gives for that, in the result. */
  readonly output: Rect
}

/** Throws where the network enlarges by another factor. */
function partsOf(small: Pick<Plane, 'width' | 'height'>, scale: number, model?: Model): Part[] {
  if (model) requireScale(model.network, scale)
  const halo = model ? haloOf(model.network) : 0
  const maxSide = model ? model.engine.maxSide : BICUBIC_TILE
  if (!model || model.network.scale === 1) {
    const tiles = tilesOf(small.width * scale, small.height * scale, maxSide, halo)
    return tiles.map(({ core, input }) => ({ core, input, output: input }))
  }
  const tiles = tilesOf(small.width, small.height, Math.min(maxSide, SMALL_TILE), halo)
  return tiles.map(({ core, input }) => ({
    core: enlargeRect(core, scale),
    input,
    output: enlargeRect(input, scale),
  }))
}

function enlargeRect({ x, y, width, height }: Rect, scale: number): Rect {
  return { x: x * scale, y: y * scale, width: width * scale, height: height * scale }
}

/** Whether what it gives is to be added to bicubic. */
function givesDetail({ scale, residual }: Network): boolean {
  return scale > 1 && residual
}

/** What the network makes of a part: its output. */
function sharpen(
  planes: Planes,
  scale: number,
  { input }: Part,
  { network, engine }: Model,
  enlarger: Enlarger,
  rooms?: Rooms,
): Promise<Planes> {
  const taken = mapPlanes(planes, (plane) =>
    network.scale === 1 ? enlarger.enlarge(plane, scale, input, rooms?.input) : crop(plane, input),
  )
  return engine.run(network, taken, rooms?.output)
}

/** What a network takes and what it gives, one part after another. */
interface Rooms {
  readonly input: Float32Array
  readonly output: Float32Array
}

function roomsFor(parts: readonly Part[]): Rooms {
  const largest = (of: 'input' | 'output') => Math.max(...parts.map((part) => part[of].width * part[of].height))
  return { input: new Float32Array(largest('input')), output: new Float32Array(largest('output')) }
}

function placed(planes: Planes, { output: { x, y } }: Part): Placed {
  return { plane: planeOf(planes, 0), x, y }
}

/** For 1 ns a pixel: NaN and infinities stay in a sum. */
function finite(planes: Planes): Planes {
  const { data } = planes
  let sum = 0
  for (let i = 0; i < data.length; i++) sum += data[i]
  if (!Number.isFinite(sum)) throw new RangeError('expected numbers of the network, got NaN or infinity')
  return planes
}

function addTo(planes: Planes, others: Planes): void {
  for (let i = 0; i < planes.data.length; i++) planes.data[i] += others.data[i]
}

/** In 0..1, not clamped. */
async function resolveOpacity(
  alpha: Plane,
  scale: number,
  part: Part,
  enlarger: Enlarger,
  model?: Model,
  extremes?: Extremes,
): Promise<Placed> {
  const bicubic = { channels: 1, ...enlarger.enlarge(alpha, scale, part.output) }
  // Most tiles of most pictures are all solid or all clear, and stay it.
  if (!model || !extremes || bicubic.data.every((v) => Math.abs(v - bicubic.data[0]) < 1e-5)) {
    return placed(opacityIn(bicubic), part)
  }
  const sharper = finite(await sharpen({ channels: 1, ...alpha }, scale, part, model, enlarger))
  if (givesDetail(model.network)) addTo(sharper, bicubic)
  release(bicubic.data)
  return placed(opacityIn(sharper, extremes), part)
}

/** Takes its place. */
function opacityIn(alpha: Planes, extremes?: Extremes): Planes {
  const { data } = opacityOf(planeOf(alpha, 0), extremes?.clear, extremes?.solid)
  release(alpha.data)
  return { ...alpha, data }
}

/**
 * What a network makes of an alpha plane that is all clear, or all solid: nearly what it was, but not
 * quite. Of several values, as one that enlarges gives, the highest and the lowest.
 */
interface Extremes {
  readonly clear: number
  readonly solid: number
}

async function extremesOf({ network, engine }: Model): Promise<Extremes> {
  const { scale } = network
  const side = 2 * haloOf(network) + 1
  const data = new Uint8Array(8)
  data[7] = 255
  const { data: ends } = alphaOf({ width: 2, height: 1, data })!
  const middle = enlargeRect({ x: (side - 1) / 2, y: (side - 1) / 2, width: 1, height: 1 }, scale)
  const of = async (level: number) => {
    const flat = { channels: 1, width: side, height: side, data: new Float32Array(side * side).fill(level) }
    const { data: values } = crop(await engine.run(network, flat), middle)
    return givesDetail(network) ? values.map((v) => level + v) : values
  }
  return { clear: Math.max(...(await of(ends[0]))), solid: Math.min(...(await of(ends[1]))) }
}
