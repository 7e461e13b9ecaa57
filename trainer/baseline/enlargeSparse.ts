// The baseline method: A+ (Timofte, De Smet and Van Gool, ACCV 2014), the anchored form of sparse coding.
// Sparse coding (Yang et al., IEEE TIP 19(11), 2010) solves an l1 problem per patch over a pair of
// dictionaries. A+ instead fits one linear map per atom during training, to the features near that atom. A patch is
// then enlarged by the map of its nearest atom.
//
//   small ─ bicubic ─┬─ differences ─ window ─ components ─ nearest atom ─ its map ─ overlap-add ─┐
//                    └──────────────────────────────────────────────────────────────────────(+)─ large
import type { Plane } from '../../worker/image/plane.ts'
import { enlargePlane } from '../data/degrade.ts'
import { nearestAnchor } from './anchors.ts'
import { differencesOf, project, readWindow, windowCount, windowLength, windowSide } from './features.ts'

/** The result of training. The same pictures, scale and options yield the same dictionary. */
export interface Dictionary {
  /** Factor of enlargement: 2, 3 or 4. */
  readonly scale: number
  /** Number of values in a feature, a multiple of 4. */
  readonly size: number
  /** Principal components of the windows, one per row, [size, windowLength(scale)]. */
  readonly components: Float64Array
  /** The atoms' anchors, which are unit vectors, [atoms, size]. */
  readonly anchors: Float64Array
  /** One linear map per atom, [windowSide(scale)², size], from a feature to the truth minus bicubic in that window. */
  readonly maps: Float32Array
}

/**
 * Enlarges luma in 0..1, [h, w] -> [h * scale, w * scale], by sparse coding. The result is not clamped to 0..1. A plane
 * smaller than 3x3 is enlarged by bicubic only. Throws a RangeError if the dictionary is for another scale.
 */
export function enlargeSparse(small: Plane, scale: number, dictionary: Dictionary): Plane {
  if (dictionary.scale !== scale) {
    throw new RangeError(`expected a dictionary for x${scale}, got one for x${dictionary.scale}`)
  }
  const { size, components, anchors, maps } = dictionary
  const large = enlargePlane(small, scale)
  const { width, height } = large
  const side = windowSide(scale)
  const differences = differencesOf(large, scale)
  const missing = new Float32Array(large.data.length)
  const covers = new Uint8Array(large.data.length)
  const window = new Float64Array(windowLength(scale))
  const feature = new Float64Array(size)
  for (let row = 0; row < windowCount(height, scale); row++) {
    for (let column = 0; column < windowCount(width, scale); column++) {
      readWindow(differences, width, column * scale, row * scale, side, window)
      project(components, window, feature)
      // The feature need not be normalised: the nearest anchor depends only on its direction, and the maps are linear,
      // so a longer feature gives a proportionally larger result.
      let k = nearestAnchor(anchors, feature, 0, size) * side * side * size
      for (let y = 0; y < side; y++) {
        let o = (row * scale + y) * width + column * scale
        for (const end = o + side; o < end; o++) {
          let sum = 0
          for (let i = 0; i < size; i++, k++) sum += maps[k] * feature[i]
          missing[o] += sum
          covers[o]++
        }
      }
    }
  }
  const data = large.data.map((v, i) => (covers[i] > 0 ? v + missing[i] / covers[i] : v))
  return { width, height, data }
}
