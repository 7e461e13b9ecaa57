// From a small picture to a large one: luma through bicubic and the network, chroma through bicubic,
// as in the paper. Transparent pictures are taken premultiplied, and alpha goes the way of luma, so
// that both keep in step along an edge. It works tile by tile from the small planes, so that besides
// the result (4 B/px) only one tile's planes exist; the result does not depend on the tiles.
//
//   rgba ─┬─ Y ───── bicubic ── network ─┐
//         ├─ Cb Cr ─ bicubic ────────────┼─ rgba
//         └─ alpha ─ bicubic ── network ─┘
//
// A network that enlarges by itself takes the small planes, and what it gives is added to bicubic.
import { alphaOf, mergeYCbCr, opacityOf, splitYCbCr } from '../image/color.ts'
import { crop, type Plane, type Rect, type Rgba } from '../image/plane.ts'
import { resize } from '../image/resize.ts'
import { type Tile, tilesOf } from '../image/tile.ts'
import { haloOf, type Network, requireScale } from '../model/network.ts'
import type { Engine, Planes } from './engine.ts'
import { mapPlanes } from './planes.ts'

/** A network and what runs it. */
export interface Model {
  readonly network: Network
  readonly engine: Engine
}

/** Bounds the memory of a tile's planes at the result's size: 512² x 4 planes x 4 B = 4 MB. */
const PLANES_TILE = 512

/**
 * `scale` times as large a picture, by bicubic alone where `model` is undefined.
 * Rejects where the engine does; never changes its input.
 */
export async function upscale(picture: Rgba, scale: number, model?: Model): Promise<Rgba> {
  const width = picture.width * scale
  const height = picture.height * scale
  const target: Rgba = { width, height, data: new Uint8ClampedArray(4 * width * height) }
  const { y, cb, cr } = splitYCbCr(picture)
  const alpha = alphaOf(picture)
  const extremes = alpha && model && (await extremesOf(model))
  for (const tile of tilesFor(picture, scale, model)) {
    const { core } = tile
    const large = {
      y: await resolveTile({ channels: 1, ...y }, width, height, tile, model),
      cb: resize(cb, width, height, core),
      cr: resize(cr, width, height, core),
    }
    const opacity = alpha && (await resolveOpacity(alpha, width, height, tile, model, extremes))
    mergeYCbCr(large, target, core.x, core.y, opacity)
    await pause()
  }
  return target
}

/** The same on one plane, in 0..1 and not clamped: what training and evaluation measure. */
export function upscalePlane(plane: Plane, scale: number, model?: Model): Promise<Plane> {
  return upscalePlanes({ channels: 1, ...plane }, scale, model)
}

/** The same on as many planes as the network has channels: each by bicubic, then all by the network. */
export async function upscalePlanes(planes: Planes, scale: number, model?: Model): Promise<Planes> {
  const { channels } = planes
  const width = planes.width * scale
  const height = planes.height * scale
  const data = new Float32Array(channels * width * height)
  for (const tile of tilesFor(planes, scale, model)) {
    const { core } = tile
    const part = await resolveTile(planes, width, height, tile, model)
    for (let c = 0; c < channels; c++) {
      for (let row = 0; row < core.height; row++) {
        const from = (c * core.height + row) * core.width
        const to = (c * height + core.y + row) * width + core.x
        data.set(part.data.subarray(from, from + core.width), to)
      }
    }
  }
  return { channels, width, height, data }
}

/** Cores are of the result; inputs of the planes that the network takes: enlarged by bicubic, or the small ones. */
function tilesFor(small: Pick<Plane, 'width' | 'height'>, scale: number, model?: Model): Tile[] {
  const width = small.width * scale
  const height = small.height * scale
  if (!model) return tilesOf(width, height, PLANES_TILE, 0)
  const { network, engine } = model
  requireScale(network, scale)
  const halo = haloOf(network)
  if (network.scale === 1) return tilesOf(width, height, engine.maxSide, halo)
  const maxSide = Math.min(engine.maxSide, Math.floor(PLANES_TILE / scale) + 2 * halo)
  return tilesOf(small.width, small.height, maxSide, halo).map(({ core, input }) => ({
    core: enlargeRect(core, scale),
    input,
  }))
}

function enlargeRect({ x, y, width, height }: Rect, scale: number): Rect {
  return { x: x * scale, y: y * scale, width: width * scale, height: height * scale }
}

/** What the network takes for a tile. */
function inputOf(
  planes: Planes,
  width: number,
  height: number,
  { input }: Tile,
  { network }: Model,
): Planes {
  return mapPlanes(planes, (plane) =>
    network.scale === 1 ? resize(plane, width, height, input) : crop(plane, input),
  )
}

/** The tile's core by bicubic and the network. */
async function resolveTile(
  planes: Planes,
  width: number,
  height: number,
  tile: Tile,
  model?: Model,
): Promise<Planes> {
  const bicubic = () => mapPlanes(planes, (plane) => resize(plane, width, height, tile.core))
  if (!model) return bicubic()
  const { network, engine } = model
  const result = await engine.run(network, inputOf(planes, width, height, tile, model))
  const inResult = { core: tile.core, input: enlargeRect(tile.input, network.scale) }
  const core = mapPlanes(result, (plane) => cropToCore(plane, inResult))
  return network.scale > 1 && network.residual ? sumOf(bicubic(), core) : core
}

/** `a`, to which `b` was added in place. */
function sumOf(a: Planes, b: Planes): Planes {
  for (let i = 0; i < a.data.length; i++) a.data[i] += b.data[i]
  return a
}

function cropToCore(plane: Plane, { core, input }: Tile): Plane {
  return crop(plane, { ...core, x: core.x - input.x, y: core.y - input.y })
}

/** In 0..1, not clamped. */
async function resolveOpacity(
  alpha: Plane,
  width: number,
  height: number,
  tile: Tile,
  model?: Model,
  extremes?: Extremes,
): Promise<Plane> {
  const planes = { channels: 1, ...alpha }
  // Most tiles of most pictures are all solid or all clear, and stay it.
  if (!model || !extremes || isFlat(inputOf(planes, width, height, tile, model))) {
    return opacityOf(resize(alpha, width, height, tile.core))
  }
  const { clear, solid } = extremes
  return opacityOf(await resolveTile(planes, width, height, tile, model), clear, solid)
}

function isFlat({ data }: Planes): boolean {
  return data.every((v) => Math.abs(v - data[0]) < 1e-5)
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
  const side = 2 * haloOf(network) + 1
  const data = new Uint8Array(8)
  data[7] = 255
  const { data: ends } = alphaOf({ width: 2, height: 1, data })!
  const resolve = async (level: number) => {
    const flat = { channels: 1, width: side, height: side, data: new Float32Array(side * side).fill(level) } // prettier-ignore
    const { scale } = network
    const [width, height] = [side * scale, side * scale]
    const middle = (side - 1) / 2
    const core = { x: middle * scale, y: middle * scale, width: scale, height: scale }
    const tile = { core, input: { x: 0, y: 0, width: side, height: side } }
    return (await resolveTile(flat, width, height, tile, { network, engine })).data
  }
  const [clear, solid] = [await resolve(ends[0]), await resolve(ends[1])]
  return { clear: Math.max(...clear), solid: Math.min(...solid) }
}

/** Lets other requests of the isolate go on between two tiles. */
function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0))
}
