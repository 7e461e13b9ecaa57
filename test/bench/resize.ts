// Compares the speed of our bicubic resizing with that of photon's CatmullRom, which uses the same filter. Ours is
// timed in TypeScript and in the kernel that the worker uses. Photon cannot resize planes, so it gets a grey RGBA
// picture, and only its resize() is timed. Our resizing is timed for one plane, and for what the worker does: it
// resizes three planes and converts them to RGBA. Shrinking is timed by shrinking.ts.
import { PhotonImage, resize as photonResize, SamplingFilter } from '@cf-wasm/photon/node'
import { plainEnlarger } from '../../worker/engine/enlarger.ts'
import { compilePictureKernel } from '../../worker/platform/nodeFiles.ts'
import { createVectorEnlarger } from '../../worker/engine/vectorEnlarger.ts'
import { splitYCbCr } from '../../worker/image/color.ts'
import { type Plane, quantize } from '../../worker/image/plane.ts'
import { resize } from '../../worker/image/resize.ts'
import { maxDifference, samplePlane } from '../support/engine/samples.ts'
import { compare, type Table } from './compare.ts'
import { benchShrinking } from './shrinking.ts'

/**
 * Width in output pixels of the border where the filter reads beyond the edge of the picture: two input pixels, times
 * the scale 3.
 */
const EDGE = 6

export async function benchResize(): Promise<Table[]> {
  const tables: Table[] = []
  const kernel = createVectorEnlarger(compilePictureKernel())
  for (const [from, to] of [
    [256, 768],
    [512, 1536],
  ]) {
    const plane = quantize(samplePlane(from, from))
    const image = new PhotonImage(greyRgba(plane), from, from)
    const photon = () => photonResize(image, to, to, SamplingFilter.CatmullRom)

    const result = photon()
    const theirs = result.get_raw_pixels()
    result.free()
    const ours = quantize(resize(plane, to, to)).data
    // At the edge, photon renormalises the filter's weights, whereas we mirror the picture like MATLAB. Therefore the
    // results can agree only farther inside.
    let all = 0
    let inner = 0
    for (let i = 0; i < ours.length; i++) {
      const difference = Math.abs(Math.round(255 * ours[i]) - theirs[4 * i])
      const [x, y] = [i % to, Math.floor(i / to)]
      all = Math.max(all, difference)
      if (Math.min(x, y, to - 1 - x, to - 1 - y) >= EDGE) inner = Math.max(inner, difference)
    }
    const scale = to / from
    const region = { x: 0, y: 0, width: to, height: to }
    const exact = resize(plane, to, to).data
    const notes = [
      `largest difference from photon: ${inner} of 255 levels inside, ${all} at the edge`,
      `largest difference of the kernel: ${maxDifference(kernel.enlarge(plane, scale, region).data, exact).toExponential(1)}`,
    ]
    const small = splitYCbCr({ width: from, height: from, data: greyRgba(plane) })
    const target = { ...region, data: new Uint8Array(4 * to * to) }

    const contenders = [
      { name: 'photon, grey RGBA', run: () => photon().free() },
      { name: 'ours, one plane', run: () => resize(plane, to, to) },
      { name: 'the kernel, one plane', run: () => kernel.enlarge(plane, scale, region) },
      {
        name: 'ours, three planes to RGBA',
        run: () => plainEnlarger.merge(small, scale, region, target, {}),
      },
      {
        name: 'the kernel, three planes to RGBA',
        run: () => kernel.merge(small, scale, region, target, {}),
      },
    ]
    tables.push(await compare(`resize ${from}² -> ${to}²`, contenders, { notes }))
    image.free()
  }
  return [...tables, ...(await benchShrinking())]
}

function greyRgba({ data }: Plane): Uint8Array {
  return Uint8Array.from({ length: 4 * data.length }, (_, i) => (i % 4 === 3 ? 255 : Math.round(255 * data[i >> 2])))
}
