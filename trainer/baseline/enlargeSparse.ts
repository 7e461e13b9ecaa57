// The seed's baseline: sparse coding in its anchored form, A+ (Timofte, De Smet and Van Gool, ACCV
// 2014). Where sparse coding (Yang et al., IEEE TIP 19(11), 2010) solves an l1 problem for each patch
// over a pair of dictionaries, here each atom has the linear map that its neighbourhood would give,
// worked out in training; a patch takes the map of its nearest atom.
//
//   small ─ bicubic ─┬─ differences ─ window ─ components ─ nearest atom ─ its map ─ overlap-add ─┐
//                    └──────────────────────────────────────────────────────────────────────(+)─ large
import type { Plane } from '../../worker/image/plane.ts'
import { enlargePlane } from '../data/degrade.ts'
import { nearestAnchor } from './anchors.ts'
import { differencesOf, project, readWindow, windowCount, windowLength, windowSide } from './features.ts'

/** What training leaves: a function of data, scale and options. */
export interface Dictionary {
  /** 2, 3 or 4. */
  readonly scale: number
  /** Coordinates of a feature, a multiple of 4. */
  readonly size: number
  /** Principal components of windows, as rows: [size, windowLength(scale)]. */
  readonly components: Float64Array
  /** Unit vectors [atoms, size]. */
  readonly anchors: Float64Array
  /** For each atom a map [windowSide(scale)², size] from a feature to what bicubic misses. */
  readonly maps: Float32Array
}

/**
 * [h, w] -> [h * scale, w * scale] by sparse coding; luma in 0..1, not clamped. A plane below 3x3 is
 * bicubic. Throws a RangeError where the dictionary is for another scale.
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
      // The maps are linear, so a feature need not be of unit length.
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
