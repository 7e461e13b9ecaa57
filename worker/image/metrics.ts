// Measures how close two pictures are, as super-resolution papers do: on one plane, in 8-bit levels, with a border
// shaved off. SSIM after Wang et al., IEEE TIP 13(4), 2004 (ssim_index.m): 11x11 Gaussian window, sigma 1.5, valid
// region only, K1 = 0.01, K2 = 0.03, L = 255.
import { crop, type Plane } from './plane.ts'

/** Returns the peak signal-to-noise ratio in dB, 20 log10(255 / rmse); Infinity for equal planes. */
export function psnr(a: Plane, b: Plane, shave = 0): number {
  const [x, y] = shaved(a, b, shave)
  let sum = 0
  for (let i = 0; i < x.data.length; i++) {
    const difference = 255 * (x.data[i] - y.data[i])
    sum += difference * difference
  }
  return 20 * Math.log10(255 / Math.sqrt(sum / x.data.length))
}

const WINDOW = 11
const SIGMA = 1.5
const C1 = (0.01 * 255) ** 2
const C2 = (0.03 * 255) ** 2

/** Returns the mean structural similarity, at most 1. Planes must be at least 11x11 after shaving. */
export function ssim(a: Plane, b: Plane, shave = 0): number {
  const [x, y] = shaved(a, b, shave)
  const { width, height } = x
  if (width < WINDOW || height < WINDOW) {
    throw new RangeError(`SSIM needs at least ${WINDOW}x${WINDOW} pixels, got ${width}x${height}`)
  }
  const p = Float64Array.from(x.data, (v) => v * 255)
  const q = Float64Array.from(y.data, (v) => v * 255)
  const mean = (values: Float64Array) => blur(values, width, height)
  const meanX = mean(p)
  const meanY = mean(q)
  const meanXX = mean(p.map((v) => v * v))
  const meanYY = mean(q.map((v) => v * v))
  const meanXY = mean(p.map((v, i) => v * q[i]))
  let sum = 0
  for (let i = 0; i < meanX.length; i++) {
    const xx = meanX[i] * meanX[i]
    const yy = meanY[i] * meanY[i]
    const xy = meanX[i] * meanY[i]
    const varianceX = meanXX[i] - xx
    const varianceY = meanYY[i] - yy
    const covariance = meanXY[i] - xy
    sum += ((2 * xy + C1) * (2 * covariance + C2)) / ((xx + yy + C1) * (varianceX + varianceY + C2))
  }
  return sum / meanX.length
}

/** Applies a separable Gaussian to the valid region, in f64, because variances are differences of large numbers. */
function blur(data: Float64Array, width: number, height: number): Float64Array {
  const window = Array.from({ length: WINDOW }, (_, i) =>
    Math.exp(-((i - (WINDOW - 1) / 2) ** 2) / (2 * SIGMA * SIGMA)),
  )
  const total = window.reduce((sum, w) => sum + w)
  const outWidth = width - WINDOW + 1
  const outHeight = height - WINDOW + 1
  const rows = new Float64Array(outWidth * height)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < outWidth; x++) {
      let sum = 0
      for (let k = 0; k < WINDOW; k++) sum += window[k] * data[y * width + x + k]
      rows[y * outWidth + x] = sum / total
    }
  }
  const out = new Float64Array(outWidth * outHeight)
  for (let y = 0; y < outHeight; y++) {
    for (let x = 0; x < outWidth; x++) {
      let sum = 0
      for (let k = 0; k < WINDOW; k++) sum += window[k] * rows[(y + k) * outWidth + x]
      out[y * outWidth + x] = sum / total
    }
  }
  return out
}

function shaved(a: Plane, b: Plane, shave: number): [Plane, Plane] {
  if (a.width !== b.width || a.height !== b.height) {
    throw new RangeError(`planes must have one size, got ${a.width}x${a.height} and ${b.width}x${b.height}`)
  }
  const rect = { x: shave, y: shave, width: a.width - 2 * shave, height: a.height - 2 * shave }
  if (rect.width < 1 || rect.height < 1) {
    throw new RangeError(`nothing is left of ${a.width}x${a.height} pixels after shaving ${shave} off each side`)
  }
  return shave === 0 ? [a, b] : [crop(a, rect), crop(b, rect)]
}
