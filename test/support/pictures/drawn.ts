// Input for networks from the sample pictures: their luma, in its own size or enlarged by bicubic.
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'
import type { Planes } from '../../../worker/engine/engine.ts'
import { lumaOf } from '../../../worker/image/color.ts'
import { createPlane, type Plane } from '../../../worker/image/plane.ts'
import { resize } from '../../../worker/image/resize.ts'
import { SAMPLES_FOLDER, type SceneName, SAMPLES } from '../../fixtures/make.ts'

/** Returns a plane of the given size, filled with the luma of a sample picture as a repeated tile. */
export async function drawnPlane(width: number, height: number, scene: SceneName = 'harbour'): Promise<Plane> {
  const path = fileURLToPath(new URL(`${scene}.${SAMPLES[scene]}`, SAMPLES_FOLDER))
  const { data, info } = await sharp(path).ensureAlpha().raw().toBuffer({ resolveWithObject: true })
  const sample = lumaOf({ width: info.width, height: info.height, data })
  const plane = createPlane(width, height)
  plane.data.forEach((_, i) => {
    const x = (i % width) % sample.width
    const y = Math.floor(i / width) % sample.height
    plane.data[i] = sample.data[y * sample.width + x]
  })
  return plane
}

/**
 * Returns the luma of a sample picture, enlarged `scale` times by bicubic to the given size. This is the input of
 * SRCNN.
 */
export async function drawnPlanes(width: number, height: number, scale: number, scene?: SceneName): Promise<Planes> {
  const small = await drawnPlane(Math.ceil(width / scale), Math.ceil(height / scale), scene)
  return { channels: 1, ...resize(small, width, height) }
}
