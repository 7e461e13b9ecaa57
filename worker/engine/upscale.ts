// From a small picture to a large one: luma through bicubic and the network, chroma and alpha
// through bicubic, as in the paper. It works tile by tile from the small planes, so that besides
// the result (4 B/px) only one tile's planes exist; the result does not depend on the tiles.
//
//   rgba ─ bleed ─ Y ──── bicubic ── network ─┐
//                  Cb Cr ─ bicubic ───────────┼─ rgba
//          alpha ───────── bicubic ───────────┘
import { bleedColor, isOpaque } from '../image/alpha.ts'
import { mergeYCbCr, splitYCbCr } from '../image/color.ts'
import { createPlane, crop, type Plane, type Rect, type Rgba } from '../image/plane.ts'
import { resize } from '../image/resize.ts'
import { type Tile, tilesOf } from '../image/tile.ts'
import { haloOf, type Network } from '../model/network.ts'
import type { Engine } from './engine.ts'

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
  const opaque = isOpaque(picture)
  const { y, cb, cr } = splitYCbCr(opaque ? picture : bleedColor(picture))
  const alpha = opaque ? undefined : alphaOf(picture)
  for (const tile of tilesFor(width, height, model)) {
    const { core } = tile
    const luma = await resolveTile(y, width, height, tile, model)
    const chroma = [cb, cr].map((plane) => resize(plane, width, height, core))
    mergeYCbCr({ y: luma, cb: chroma[0], cr: chroma[1] }, target, core.x, core.y)
    writeAlpha(target, core, alpha && resize(alpha, width, height, core))
    await pause()
  }
  return target
}

/** The same on one plane, in 0..1 and not clamped: what training and evaluation measure. */
export async function upscalePlane(plane: Plane, scale: number, model?: Model): Promise<Plane> {
  const width = plane.width * scale
  const height = plane.height * scale
  const target = createPlane(width, height)
  for (const tile of tilesFor(width, height, model)) {
    const { core } = tile
    const part = await resolveTile(plane, width, height, tile, model)
    for (let row = 0; row < core.height; row++) {
      const from = part.data.subarray(row * core.width, (row + 1) * core.width)
      target.data.set(from, (core.y + row) * width + core.x)
    }
  }
  return target
}

function tilesFor(width: number, height: number, model?: Model): Tile[] {
  if (!model) return tilesOf(width, height, BICUBIC_TILE, 0)
  return tilesOf(width, height, model.engine.maxSide, haloOf(model.network))
}

/** Bicubic over the tile's input, the network over that, then the core alone. */
async function resolveTile(
  plane: Plane,
  width: number,
  height: number,
  { input, core }: Tile,
  model?: Model,
): Promise<Plane> {
  const bicubic = resize(plane, width, height, input)
  if (!model) return bicubic
  const sharper = await model.engine.run(model.network, { channels: 1, ...bicubic })
  return crop(sharper, { ...core, x: core.x - input.x, y: core.y - input.y })
}

function alphaOf(picture: Rgba): Plane {
  const alpha = createPlane(picture.width, picture.height)
  for (let i = 0; i < alpha.data.length; i++) alpha.data[i] = picture.data[4 * i + 3]
  return alpha
}

/** Writes alpha (in levels) under `rect`: opaque where there is none. */
function writeAlpha(target: Rgba, rect: Rect, alpha?: Plane): void {
  for (let row = 0, i = 0; row < rect.height; row++) {
    let p = 4 * ((rect.y + row) * target.width + rect.x) + 3
    for (let x = 0; x < rect.width; x++, i++, p += 4) target.data[p] = alpha ? alpha.data[i] : 255
  }
}

/** Lets other requests of the isolate go on between two tiles. */
function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0))
}
