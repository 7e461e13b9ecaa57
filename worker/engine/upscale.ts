// Enlarges a picture: luma by bicubic and then the network, chroma by bicubic, as in the paper. If the network itself
// enlarges, its input is the small luma, and its result is added to the bicubic luma. Colours of transparent pictures
// are premultiplied, and alpha is enlarged like luma, so that both match along an edge. Bicubic and colour conversion are
// done by an Enlarger.
//
//   rgba ─┬─ Y ──┬── bicubic ─── network ──┬─ rgba
//         │      └── network ─── + bicubic ┤
//         ├─ alpha ─ as luma ──────────────┤
//         └─ Cb Cr ─ bicubic ──────────────┘
//
// A picture is enlarged slab by slab, i.e. some rows at a time across its full width, and a slab tile by tile. So memory
// holds one slab and its result, and the network's input and output for one tile. Slabs and tiles overlap so far that no
// pixel depends on them, but for the rounding of networks: Winograd's algorithm adds values that cancel out, and
// these differ.
import { alphaOf, opacityOf, splitYCbCr } from '../image/color.ts'
import { crop, isOpaque, type Plane, type Rect, type Rgba } from '../image/plane.ts'
import { collectRows, type Pixels, type Rows, rowsOf, type Window, windowsOf } from '../image/rows.ts'
import { tilesOf } from '../image/tile.ts'
import { haloOf, type Network, requireScale } from '../model/network.ts'
import { pause } from '../base/pause.ts'
import { release } from '../base/release.ts'
import type { Engine, Planes } from './engine.ts'
import { type Enlarger, type Placed, plainEnlarger } from './enlarger.ts'
import { mapPlanes, planeOf } from './planes.ts'

/** A network and the engine that runs it. */
export interface Model {
  readonly network: Network
  readonly engine: Engine
}

/** Side of a tile if there is no network, in pixels of the result. Other requests can run between two tiles. */
const BICUBIC_TILE = 512

/**
 * Maximum side of a tile for a network that enlarges, in pixels of its input. At x3 the output of such a tile takes 9
 * MB.
 */
const SMALL_TILE = 512

/** Pixels of a slab's result. A slab has at least LEAST_ROWS small rows, because its margins are computed twice. */
const SLAB_PIXELS = 3 * 2 ** 19
const LEAST_ROWS = 64

/** Returns how many small rows a slab has at most. `width` is that of the small picture. */
export function slabRowsOf(width: number, scale: number): number {
  return Math.max(LEAST_ROWS, Math.floor(SLAB_PIXELS / (scale ** 2 * width)))
}

/** Rows of the small picture on each side of a row that bicubic needs. */
const BICUBIC_REACH = 2

/** How a picture is enlarged. */
export interface Enlarging {
  readonly scale: number
  /** True if some pixel is transparent. */
  readonly hasAlpha: boolean
  /** Default: only bicubic. */
  readonly model?: Model | undefined
  readonly enlarger?: Enlarger | undefined
  /** Most rows of a slab, in rows of the small picture. Default: as many as give a result of SLAB_PIXELS. */
  readonly slabRows?: number
}

/**
 * Enlarges a picture as its rows come. Reading the result rejects if the engine rejects, or if the network's result is
 * not finite, because the picture would have a black area. Other requests can run between two tiles.
 */
export function upscaleRows(rows: Rows, enlarging: Enlarging): Rows {
  const { scale } = enlarging
  return { width: scale * rows.width, height: scale * rows.height, bands: slabsOf(rows, enlarging) }
}

/** Enlarges a picture `scale` times, only by bicubic if `model` is undefined. Does not change its input. */
export function upscale(picture: Rgba, scale: number, model?: Model, enlarger?: Enlarger): Promise<Rgba> {
  return collectRows(upscaleRows(rowsOf(picture), { scale, hasAlpha: !isOpaque(picture), model, enlarger }))
}

/** Yields the rows of the result, slab by slab. */
async function* slabsOf(rows: Rows, enlarging: Enlarging): AsyncGenerator<Pixels, void> {
  const { scale, hasAlpha, model } = enlarging
  const width = scale * rows.width
  if (model) requireScale(model.network, scale)
  const reach = model ? Math.ceil((haloOf(model.network) * model.network.scale) / scale) : 0
  const { slabRows = slabRowsOf(rows.width, scale) } = enlarging
  const extremes = hasAlpha && model ? await extremesOf(model) : undefined
  const buffers = noBuffers()
  for await (const window of windowsOf(rows, slabRows, reach + BICUBIC_REACH)) {
    const { data } = await enlargeWindow(window, enlarging, extremes, buffers)
    const rowBytes = 4 * width * scale
    yield data.subarray(rowBytes * window.top, rowBytes * window.bottom)
  }
  release(buffers.result, buffers.input, buffers.output)
}

/**
 * Enlarges a window. Returns the result of the whole window, in which only its own rows are filled in. It is in one of
 * the buffers, so it is valid until the next window is enlarged.
 */
async function enlargeWindow(
  { picture, top, bottom }: Window,
  { scale, hasAlpha, model, enlarger = plainEnlarger }: Enlarging,
  extremes: Extremes | undefined,
  buffers: Buffers,
): Promise<Rgba> {
  const width = scale * picture.width
  const height = scale * picture.height
  const resultBytes = 4 * width * height
  const parts = partsOf(picture, scale, model, top, bottom)
  growBuffers(buffers, resultBytes, model ? parts : [])
  const target: Rgba = { width, height, data: buffers.result.subarray(0, resultBytes) }
  const small = splitYCbCr(picture)
  const alpha = hasAlpha ? alphaOf(picture) : undefined
  for (const part of parts) {
    let sharper: Placed | undefined
    if (model) {
      const result = await runNetwork({ channels: 1, ...small.y }, scale, part, model, enlarger, buffers)
      sharper = placed(requireFinite(result), part)
    }
    const opacity = alpha && (await enlargeOpacity(alpha, scale, part, enlarger, model, extremes))
    const luma = model && returnsDetail(model.network) ? { detail: sharper } : { luma: sharper }
    enlarger.merge(small, scale, part.core, target, { ...luma, opacity })
    if (opacity) release(opacity.plane.data)
    await pause()
  }
  for (const { data } of [small.y, small.cb, small.cr, ...(alpha ? [alpha] : [])]) release(data)
  return target
}

/**
 * Enlarges one plane in the same way as `upscale` enlarges luma. Values are in 0..1, not clamped. Training and
 * evaluation measure this result.
 */
export function upscalePlane(plane: Plane, scale: number, model?: Model, enlarger?: Enlarger): Promise<Plane> {
  return upscalePlanes({ channels: 1, ...plane }, scale, model, enlarger)
}

/**
 * Enlarges one plane for each channel of the network, as `upscalePlane` enlarges a single plane. Bicubic works on each
 * plane separately, the network on all planes together.
 */
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
  if (model) requireScale(model.network, scale)
  for (const part of partsOf(planes, scale, model)) {
    const { core, output } = part
    const bicubic = (region: Rect) => mapPlanes(planes, (plane) => enlarger.enlarge(plane, scale, region))
    const result = model ? await runNetwork(planes, scale, part, model, enlarger) : bicubic(output)
    if (model && returnsDetail(model.network)) addTo(result, bicubic(output))
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

/** A tile of the picture. */
interface Part {
  /** The region of the result that this tile contributes. The cores of all tiles together are the result. */
  readonly core: Rect
  /** The network's input: a region of the enlarged planes, or of the small planes if the network enlarges. */
  readonly input: Rect
  /** The region of the result that the network's output covers. */
  readonly output: Rect
}

/** Cuts the result of the small rows from `top` to `bottom - 1` into tiles. */
function partsOf(
  small: Pick<Plane, 'width' | 'height'>,
  scale: number,
  model?: Model,
  top = 0,
  bottom: number = small.height,
): Part[] {
  const halo = model ? haloOf(model.network) : 0
  const maxSide = model ? model.engine.maxSide : BICUBIC_TILE
  if (!model || model.network.scale === 1) {
    const tiles = tilesOf(small.width * scale, small.height * scale, maxSide, halo, top * scale, bottom * scale)
    return tiles.map(({ core, input }) => ({ core, input, output: input }))
  }
  const tiles = tilesOf(small.width, small.height, Math.min(maxSide, SMALL_TILE), halo, top, bottom)
  return tiles.map(({ core, input }) => ({
    core: enlargeRect(core, scale),
    input,
    output: enlargeRect(input, scale),
  }))
}

function enlargeRect({ x, y, width, height }: Rect, scale: number): Rect {
  return { x: x * scale, y: y * scale, width: width * scale, height: height * scale }
}

/** Returns whether the network's result must be added to a bicubic enlargement. */
function returnsDetail({ scale, residual }: Network): boolean {
  return scale > 1 && residual
}

/** Returns the network's result for a tile, which covers `part.output`. */
async function runNetwork(
  planes: Planes,
  scale: number,
  part: Part,
  { network, engine }: Model,
  enlarger: Enlarger,
  buffers?: Buffers,
): Promise<Planes> {
  const isEnlarged = network.scale === 1
  const input = mapPlanes(planes, (plane) =>
    isEnlarged ? enlarger.enlarge(plane, scale, part.input, buffers?.input) : crop(plane, part.input),
  )
  const result = await engine.run(network, input, buffers?.output)
  if (!isEnlarged || !buffers) release(input.data)
  return result
}

/** Memory that all slabs and tiles of a picture use one after another, because allocating it costs more than filling it. */
interface Buffers {
  /** RGBA of a window's result. */
  result: Uint8ClampedArray<ArrayBuffer>
  /** The network's input and output for one tile. */
  input: Float32Array
  output: Float32Array
}

function noBuffers(): Buffers {
  return { result: new Uint8ClampedArray(0), input: new Float32Array(0), output: new Float32Array(0) }
}

/** Replaces buffers that are too small for a window. `parts` are the tiles that a network computes. */
function growBuffers(buffers: Buffers, resultBytes: number, parts: readonly Part[]): void {
  if (buffers.result.length < resultBytes) {
    release(buffers.result)
    buffers.result = new Uint8ClampedArray(resultBytes)
  }
  for (const name of ['input', 'output'] as const) {
    const pixels = Math.max(0, ...parts.map(({ [name]: { width, height } }) => width * height))
    if (buffers[name].length >= pixels) continue
    release(buffers[name])
    buffers[name] = new Float32Array(pixels)
  }
}

function placed(planes: Planes, { output: { x, y } }: Part): Placed {
  return { plane: planeOf(planes, 0), x, y }
}

/**
 * Throws unless all values are finite. Checks only their sum, because one NaN or infinity makes the sum non-finite, too.
 * Four sums take a third of the time of one, in which each addition waits for the one before it.
 */
function requireFinite(planes: Planes): Planes {
  const { data } = planes
  let [a, b, c, d] = [0, 0, 0, 0]
  const fours = data.length & ~3
  for (let i = 0; i < fours; i += 4) {
    a += data[i]
    b += data[i + 1]
    c += data[i + 2]
    d += data[i + 3]
  }
  for (let i = fours; i < data.length; i++) a += data[i]
  const sum = a + b + c + d
  if (!Number.isFinite(sum)) throw new RangeError('expected finite numbers from the network, got NaN or infinity')
  return planes
}

function addTo(planes: Planes, others: Planes): void {
  for (let i = 0; i < planes.data.length; i++) planes.data[i] += others.data[i]
}

/** Returns a tile of enlarged opacity, in 0..1 and not clamped. */
async function enlargeOpacity(
  alpha: Plane,
  scale: number,
  part: Part,
  enlarger: Enlarger,
  model?: Model,
  extremes?: Extremes,
): Promise<Placed> {
  const bicubic = { channels: 1, ...enlarger.enlarge(alpha, scale, part.output) }
  // Most tiles of most pictures are entirely solid or entirely clear. Such a tile does not need the network, because
  // bicubic leaves it as it is.
  if (!model || !extremes || bicubic.data.every((v) => Math.abs(v - bicubic.data[0]) < 1e-5)) {
    return placed(opacityIn(bicubic), part)
  }
  const sharper = requireFinite(await runNetwork({ channels: 1, ...alpha }, scale, part, model, enlarger))
  if (returnsDetail(model.network)) addTo(sharper, bicubic)
  release(bicubic.data)
  return placed(opacityIn(sharper, extremes), part)
}

/** Converts alpha to opacity, and releases the buffer of alpha. */
function opacityIn(alpha: Planes, extremes?: Extremes): Planes {
  const { data } = opacityOf(planeOf(alpha, 0), extremes?.clear, extremes?.solid)
  release(alpha.data)
  return { ...alpha, data }
}

/**
 * A network's results for alpha planes that are entirely clear or entirely solid. They are close to the input, but not
 * equal, so opacityOf maps `clear` to 0 and `solid` to 1. A network that enlarges returns several values per pixel:
 * `clear` is the highest of them, `solid` the lowest.
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
  const { data: ends } = alphaOf({ width: 2, height: 1, data })
  const middle = enlargeRect({ x: (side - 1) / 2, y: (side - 1) / 2, width: 1, height: 1 }, scale)
  const of = async (level: number) => {
    const flat = { channels: 1, width: side, height: side, data: new Float32Array(side * side).fill(level) }
    const { data: values } = crop(await engine.run(network, flat), middle)
    return returnsDetail(network) ? values.map((v) => level + v) : values
  }
  return { clear: Math.max(...(await of(ends[0]))), solid: Math.min(...(await of(ends[1]))) }
}
