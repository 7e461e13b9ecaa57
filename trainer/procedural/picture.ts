// Draws the built-in training pictures. Most show textured dead leaves (see leaf.ts), which are sharp in front of a
// blurred background as in a photograph. The others show smooth shading, text and line art.
import type { Plane, Rgba } from '../../worker/image/plane.ts'
import { createRandom, type Random } from '../../worker/image/prng.ts'
import { mixSeed, SCENE_STREAM } from '../base/seed.ts'
import { type Canvas, createCanvas, defocus, drawBehind, placeBehind, soften, toPicture } from './canvas.ts'
import { drawLeaves } from './leaf.ts'
import { createMaterials, type Material, paintOf } from './material.ts'
import { drawCurves, drawText } from './stroke.ts'
import { noiseTile } from './tile.ts'

const SIDE = 256
/** Side of the canvas in pixels. */
const LARGE = 2 * SIDE
const MATERIALS = 10

export const SCENE_KINDS = ['leaves', 'smooth', 'text', 'lines', 'mixed'] as const
export type SceneKind = (typeof SCENE_KINDS)[number]
/** The kinds of the first ten pictures. They repeat for every further ten pictures. */
const ROUND: readonly SceneKind[] = [
  'leaves',
  'leaves',
  'mixed',
  'leaves',
  'text',
  'leaves',
  'smooth',
  'leaves',
  'lines',
  'leaves',
]

export function sceneKindOf(index: number): SceneKind {
  return ROUND[index % ROUND.length]
}

/** Draws an opaque picture of 256x256 pixels that depends only on `seed` and `index`. */
export function proceduralPicture(seed: number, index: number): Rgba {
  const random = createRandom(mixSeed(seed, SCENE_STREAM, index))
  const canvas = createCanvas(LARGE)
  const materials = createMaterials(MATERIALS, random)
  const noise = noiseTile(0.6, random)
  const kind = sceneKindOf(index)
  if (kind === 'text' || kind === 'mixed') drawText(canvas, kind === 'text' ? 9 : 2, random)
  if (kind === 'lines' || kind === 'mixed') drawCurves(canvas, kind === 'lines' ? 12 : 3, random)
  if (kind === 'leaves' || kind === 'mixed') {
    const smallest = 3 * 5 ** random.next()
    drawLeaves(canvas, { materials, smallest, count: 200 + random.below(6000), noise }, random)
  }
  placeBehind(canvas, createBackground(materials, noise, random))
  soften(canvas, random.next() < 0.5 ? 0 : 0.25 * random.next())
  return toPicture(canvas)
}

/** Draws a background at half the canvas's side: a few large leaves, usually out of focus. */
function createBackground(materials: readonly Material[], noise: Plane, random: Random): Canvas {
  const canvas = createCanvas(SIDE)
  drawLeaves(canvas, { materials, smallest: 12, count: random.below(120), noise }, random)
  const [x, y] = [SIDE * random.next(), SIDE * random.next()]
  const all = { left: 0, top: 0, right: SIDE, bottom: SIDE, cover: () => {} }
  drawBehind(canvas, all, paintOf(materials[0], x, y, SIDE / 2, random))
  if (random.next() < 0.7) defocus(canvas, 1 + random.below(5))
  return canvas
}
