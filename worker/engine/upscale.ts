// From a small picture to a large one: luma through bicubic and the network, chroma through bicubic,
// as in the paper. Transparent pictures are taken premultiplied, and alpha goes the way of luma, so
// that both keep in step along an edge. It works tile by tile from the small planes, so that besides
// the result (4 B/px) only one tile's planes exist; the result does not depend on the tiles.
//
//   rgba ─┬─ Y ───── bicubic ── network ─┐
//         ├─ Cb Cr ─ bicubic ────────────┼─ rgba
//         └─ alpha ─ bicubic ── network ─┘
import { alphaOf, mergeYCbCr, opacityOf, splitYCbCr } from '../image/color.ts'
import { crop, type Plane, type Rgba } from '../image/plane.ts'
import { resize } from '../image/resize.ts'
import { type Tile, tilesOf } from '../image/tile.ts'
import { haloOf, type Network } from '../model/network.ts'
import type { Engine, Planes } from './engine.ts'
import { mapPlanes } from './planes.ts'

/** A network and what runs it. */
export interface Model {
  readonly network: Network
  readonly engine: Engine
}

/** Without a network only the memory of a tile's planes counts: 512² x 4 planes x 4 B = 4 MB. */
const BICUBIC_TILE = 512

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
  for (const tile of tilesFor(width, height, model)) {
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
  for (const tile of tilesFor(width, height, model)) {
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

function tilesFor(width: number, height: number, model?: Model): Tile[] {
  if (!model) return tilesOf(width, height, BICUBIC_TILE, 0)
  return tilesOf(width, height, model.engine.maxSide, haloOf(model.network))
}

/** Bicubic over the tile's input, the network over that, then the core alone. */
async function resolveTile(
  planes: Planes,
  width: number,
  height: number,
  tile: Tile,
  model?: Model,
): Promise<Planes> {
  const bicubic = mapPlanes(planes, (plane) => resize(plane, width, height, tile.input))
  if (!model) return bicubic // a tile without a halo: input and core are one
  const sharper = await model.engine.run(model.network, bicubic)
  return mapPlanes(sharper, (plane) => cropToCore(plane, tile))
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
  const bicubic = opacityOf(resize(alpha, width, height, tile.input))
  // Most tiles of most pictures are all solid or all clear, and stay it.
  if (!extremes || bicubic.data.every((v) => Math.abs(v - bicubic.data[0]) < 1e-5)) {
    return cropToCore(bicubic, tile)
  }
  const { clear, solid } = extremes
  const sharper = await resolveTile({ channels: 1, ...alpha }, width, height, tile, model)
  return opacityOf(sharper, clear, solid)
}

/** What a network makes of an alpha plane that is all clear, or all solid: nearly what it was, but not quite. */
interface Extremes {
  readonly clear: number
  readonly solid: number
}

async function extremesOf({ network, engine }: Model): Promise<Extremes> {
  const side = 2 * haloOf(network) + 1
  const data = new Uint8Array(8)
  data[7] = 255
  const { data: ends } = alphaOf({ width: 2, height: 1, data })!
  const of = async (level: number) => {
    const flat = { channels: 1, width: side, height: side, data: new Float32Array(side * side).fill(level) } // prettier-ignore
    return (await engine.run(network, flat)).data[(side * side - 1) / 2]
  }
  return { clear: await of(ends[0]), solid: await of(ends[1]) }
}

/** Lets other requests of the isolate go on between two tiles. */
function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0))
}
