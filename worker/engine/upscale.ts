// From a small picture to a large one: luma through bicubic and the network, chroma through bicubic,
// as in the paper. Transparent pictures are taken premultiplied, and alpha goes the way of luma, so
// that both keep in step along an edge. It works tile by tile from the small planes, so that besides
// the result (4 B/px) only one tile of luma exists, before and after the network; the result does not
// depend on the tiles. Bicubic and colour are an enlarger's work.
//
//   rgba ─┬─ Y ───── bicubic ── network ─┐
//         ├─ Cb Cr ─ bicubic ────────────┼─ rgba
//         └─ alpha ─ bicubic ── network ─┘
import { alphaOf, opacityOf, splitYCbCr } from '../image/color.ts'
import type { Plane, Rgba } from '../image/plane.ts'
import { type Tile, tilesOf } from '../image/tile.ts'
import { haloOf, type Network } from '../model/network.ts'
import type { Engine, Planes } from './engine.ts'
import { type Enlarger, type Placed, plainEnlarger } from './enlarger.ts'
import { pause } from '../pause.ts'
import { mapPlanes, planeOf } from './planes.ts'

/** A network and what runs it. */
export interface Model {
  readonly network: Network
  readonly engine: Engine
}

/** Without a network: so much of a picture is made before others have their turn. */
const BICUBIC_TILE = 512

/**
 * `scale` times as large a picture, by bicubic alone where `model` is undefined.
 * Rejects where the engine does; never changes its input.
 */
export async function upscale(
  picture: Rgba,
  scale: number,
  model?: Model,
  enlarger = plainEnlarger,
): Promise<Rgba> {
  const width = picture.width * scale
  const height = picture.height * scale
  const target: Rgba = { width, height, data: new Uint8ClampedArray(4 * width * height) }
  const small = splitYCbCr(picture)
  const alpha = alphaOf(picture)
  const extremes = alpha && model && (await extremesOf(model))
  const tiles = tilesFor(width, height, model)
  // For all of them: to get fresh memory takes longer than to fill it.
  const room = model && new Float32Array(Math.max(...tiles.map(({ input }) => input.width * input.height))) // prettier-ignore
  for (const tile of tiles) {
    const luma = model && (await sharpen(small.y, scale, tile, model, enlarger, room))
    const opacity = alpha && (await resolveOpacity(alpha, scale, tile, enlarger, model, extremes))
    enlarger.merge(small, scale, tile.core, target, { luma, opacity })
    await pause()
  }
  return target
}

/** The same on one plane, in 0..1 and not clamped: what training and evaluation measure. */
export function upscalePlane(
  plane: Plane,
  scale: number,
  model?: Model,
  enlarger?: Enlarger,
): Promise<Plane> {
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
  for (const { core, input } of tilesFor(width, height, model)) {
    const bicubic = mapPlanes(planes, (plane) => enlarger.enlarge(plane, scale, input))
    const part = model ? await model.engine.run(model.network, bicubic) : bicubic
    for (let c = 0; c < channels; c++) {
      for (let row = 0; row < core.height; row++) {
        const from = (c * input.height + core.y - input.y + row) * input.width + core.x - input.x
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

/** Bicubic over the tile's input, and the network over that. */
async function sharpen(
  plane: Plane,
  scale: number,
  { input }: Tile,
  { network, engine }: Model,
  enlarger: Enlarger,
  room?: Float32Array,
): Promise<Placed> {
  const bicubic = enlarger.enlarge(plane, scale, input, room)
  const sharper = await engine.run(network, { channels: 1, ...bicubic })
  return { ...input, plane: planeOf(sharper, 0) }
}

/** In 0..1, not clamped. */
async function resolveOpacity(
  alpha: Plane,
  scale: number,
  tile: Tile,
  enlarger: Enlarger,
  model?: Model,
  extremes?: Extremes,
): Promise<Placed> {
  const { input } = tile
  const bicubic = opacityOf(enlarger.enlarge(alpha, scale, input))
  // Most tiles of most pictures are all solid or all clear, and stay it.
  if (!model || !extremes || bicubic.data.every((v) => Math.abs(v - bicubic.data[0]) < 1e-5)) {
    return { ...input, plane: bicubic }
  }
  const { clear, solid } = extremes
  const sharper = await sharpen(alpha, scale, tile, model, enlarger)
  return { ...input, plane: opacityOf(sharper.plane, clear, solid) }
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
