// A drawn picture as a network meets it: enlarged by bicubic, its luma alone.
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'
import type { Planes } from '../../worker/engine/engine.ts'
import { lumaOf } from '../../worker/image/color.ts'
import { createPlane } from '../../worker/image/plane.ts'
import { resize } from '../../worker/image/resize.ts'
import { SAMPLES_FOLDER, type SceneName, SAMPLES } from '../fixtures/make.ts'

/** A sample, side by side with itself until there is enough of it, enlarged `scale` times. */
export async function drawnPlanes(
  width: number,
  height: number,
  scale: number,
  scene: SceneName = 'harbour',
): Promise<Planes> {
  const path = fileURLToPath(new URL(`${scene}.${SAMPLES[scene]}`, SAMPLES_FOLDER))
  const { data, info } = await sharp(path).ensureAlpha().raw().toBuffer({ resolveWithObject: true })
  const sample = lumaOf({ width: info.width, height: info.height, data })
  const small = createPlane(Math.ceil(width / scale), Math.ceil(height / scale))
  small.data.forEach((_, i) => {
    const x = (i % small.width) % sample.width
    const y = Math.floor(i / small.width) % sample.height
    small.data[i] = sample.data[y * sample.width + x]
  })
  return { channels: 1, ...resize(small, width, height) }
}
