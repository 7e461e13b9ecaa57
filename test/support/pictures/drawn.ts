// Drawn pictures as the input of a network: their luma, enlarged by bicubic or not.
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'
import type { Planes } from '../../../worker/engine/engine.ts'
import { lumaOf } from '../../../worker/image/color.ts'
import { createPlane, type Plane } from '../../../worker/image/plane.ts'
import { resize } from '../../../worker/image/resize.ts'
import { SAMPLES_FOLDER, type SceneName, SAMPLES } from '../../fixtures/make.ts'

/** Returns the luma of a sample picture, repeated side by side up to the size. */
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

/** Returns the same luma enlarged `scale` times by bicubic, the input of SRCNN. */
export async function drawnPlanes(width: number, height: number, scale: number, scene?: SceneName): Promise<Planes> {
  const small = await drawnPlane(Math.ceil(width / scale), Math.ceil(height / scale), scene)
  return { channels: 1, ...resize(small, width, height) }
}
