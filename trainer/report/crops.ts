// Crops of one picture, enlarged by several methods. As in papers, each method enlarges luma that was shrunk without
// rounding, and bicubic enlarges chroma. A method that needs colour enlarges an 8-bit picture instead. PSNR is measured
// on the whole picture, as in score.ts.
import { mergeYCbCr, splitYCbCr, type YCbCr } from '../../worker/image/color.ts'
import { psnr } from '../../worker/image/metrics.ts'
import { crop, modcrop, type Plane, quantize, type Rect, type Rgba } from '../../worker/image/plane.ts'
import { enlargePlane, shrinkPicture, shrinkPlane } from '../data/degrade.ts'
import type { Picture } from '../data/pictureSet.ts'
import { type Method, servedMethod } from '../evaluate/method.ts'
import { lumaLevels } from '../evaluate/score.ts'

/** A method with its name on the page. */
export interface ShownMethod extends Method {
  readonly name: string
}

export interface Crop {
  readonly method: string
  readonly rgba: Rgba
  /** PSNR of the whole picture in dB; undefined for the truth. */
  readonly psnr?: number
}

export const BICUBIC_METHOD: ShownMethod = { name: 'bicubic', ...servedMethod() }

/** Maximum width and height of a crop in pixels. A crop is smaller only if its picture is. */
const SIDE = 96
/** Distance in pixels between the positions that are tried for a crop. */
const STRIDE = 8

/** Returns crops of the truth and of each method's result, all at the position of bicubic's largest error. */
export async function cropHardestPlace(
  picture: Picture,
  scale: number,
  methods: readonly ShownMethod[],
): Promise<readonly Crop[]> {
  const { rgba, isGrey } = picture
  const luma = lumaLevels(picture, rgba)
  const truth = modcrop(luma, scale)
  const small = shrinkPlane(luma, scale)
  const { cb, cr } = splitYCbCr(rgba)
  const rect = hardestPlace(truth, quantize(enlargePlane(small, scale)))
  const paint = (planes: YCbCr): Rgba => {
    const part = crop(planes.y, rect)
    return isGrey ? paintGrey(part) : paintColour(part, crop(planes.cb, rect), crop(planes.cr, rect))
  }
  const [blue, red] = [cb, cr].map((plane) => enlargePlane(shrinkPlane(plane, scale), scale))
  const enlarge = async (method: Method): Promise<YCbCr> => {
    if (method.enlargePlane) {
      return { y: quantize(await method.enlargePlane(small, scale)), cb: blue, cr: red }
    }
    const large = await method.enlargePicture(shrinkPicture(rgba, scale), scale)
    return { ...splitYCbCr(large), y: lumaLevels(picture, large) }
  }
  const crops: Crop[] = [{ method: 'truth', rgba: paint({ y: truth, cb, cr }) }]
  for (const method of methods) {
    const result = await enlarge(method)
    crops.push({ method: method.name, rgba: paint(result), psnr: psnr(result.y, truth, scale) })
  }
  return crops
}

/** Tries crops at a grid of positions. Returns the one in which bicubic has the largest sum of squared errors. */
function hardestPlace(truth: Plane, bicubic: Plane): Rect {
  const width = Math.min(SIDE, truth.width)
  const height = Math.min(SIDE, truth.height)
  const sums = summedErrors(truth, bicubic)
  const stride = truth.width + 1
  let best: Rect = { x: 0, y: 0, width, height }
  let most = -1
  for (let y = 0; y + height <= truth.height; y += STRIDE) {
    for (let x = 0; x + width <= truth.width; x += STRIDE) {
      const [top, bottom] = [y * stride + x, (y + height) * stride + x]
      const error = sums[bottom + width] - sums[bottom] - sums[top + width] + sums[top]
      if (error > most) {
        most = error
        best = { x, y, width, height }
      }
    }
  }
  return best
}

/**
 * Returns the summed-area table [h + 1, w + 1]: entry (y, x) is the sum of the squared errors in the first y rows and x
 * columns.
 */
function summedErrors(a: Plane, b: Plane): Float64Array {
  const { width, height } = a
  const sums = new Float64Array((width + 1) * (height + 1))
  for (let y = 0; y < height; y++) {
    let row = 0
    for (let x = 0; x < width; x++) {
      row += (a.data[y * width + x] - b.data[y * width + x]) ** 2
      sums[(y + 1) * (width + 1) + x + 1] = sums[y * (width + 1) + x + 1] + row
    }
  }
  return sums
}

function paintColour(y: Plane, cb: Plane, cr: Plane): Rgba {
  const { width, height } = y
  const rgba: Rgba = { width, height, data: new Uint8ClampedArray(4 * width * height) }
  mergeYCbCr({ y, cb, cr }, rgba, 0, 0)
  return rgba
}

function paintGrey({ width, height, data: levels }: Plane): Rgba {
  const data = new Uint8ClampedArray(4 * width * height).fill(255)
  levels.forEach((level, i) => data.fill(255 * level, 4 * i, 4 * i + 3))
  return { width, height, data }
}
