import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { expect, test } from 'vitest'
import { readPictureSet } from '../../../trainer/data/pictureSet.ts'
import { shrinkPlane, truthOf } from '../../../trainer/data/degrade.ts'
import type { Engine } from '../../../worker/engine/engine.ts'
import { createFusedEngine } from '../../../worker/engine/fused.ts'
import { compileKernels } from '../../../worker/platform/nodeFiles.ts'
import { createOrtEngine } from '../../../worker/engine/ort.ts'
import { upscalePlane } from '../../../worker/engine/upscale.ts'
import { quantize } from '../../../worker/image/plane.ts'
import { decodeNetwork } from '../../../worker/model/networkFile.ts'
import { ort } from '../../support/engine/ort.ts'

const ROOT = path.join(import.meta.dirname, '../../..')
const SET14 = path.join(ROOT, '../shared/data/Set14')

const WEIGHTS = ['srcnn', 'fast'].flatMap((name) => [2, 3, 4].map((scale) => ({ name, scale })))

test.skipIf(!existsSync(SET14)).each(WEIGHTS)(
  'on Set14 at x$scale the kernel of $name agrees with onnxruntime, borders included (skipped without ../shared/data)',
  async ({ name, scale }) => {
    const network = decodeNetwork(await readFile(path.join(ROOT, `models/${name}-x${scale}.onnx`)))
    const onnxruntime = createOrtEngine(ort, { executionProvider: 'wasm' })
    const kernel = createFusedEngine(compileKernels().modules)
    for (const { rgba } of (await readPictureSet(SET14)).pictures) {
      const small = shrinkPlane(truthOf(rgba), scale)
      const by = (engine: Engine) => upscalePlane(small, scale, { network, engine })
      const [ours, theirs] = [await by(kernel), await by(onnxruntime)]
      const levels = [ours, theirs].map((planes) => quantize(planes).data.map((v) => Math.round(255 * v)))
      let largest = 0
      let changed = 0
      let mostLevels = 0
      ours.data.forEach((value, i) => {
        largest = Math.max(largest, Math.abs(value - theirs.data[i]))
        const apart = Math.abs(levels[0][i] - levels[1][i])
        mostLevels = Math.max(mostLevels, apart)
        if (apart > 0) changed++
      })
      expect(largest).toBeLessThan(1e-5)
      expect(mostLevels).toBeLessThanOrEqual(1)
      expect(changed / ours.data.length).toBeLessThan(0.0005)
    }
  },
  120_000,
)
