// Kernels of MATLAB's imresize other than the cubic one, for comparison. The worker itself uses only the cubic kernel.
import type { Plane } from '../../worker/image/plane.ts'
import { type ResampleKernel, resize } from '../../worker/image/resize.ts'

/** Kernel that takes the nearest sample. */
const BOX: ResampleKernel = { support: 1, weight: (x) => (Math.abs(x) <= 0.5 ? 1 : 0) }

/** Kernel sinc(x) sinc(x / 3) for |x| below 3 samples (Duchon, Journal of Applied Meteorology 18(8), 1979). */
const LANCZOS_3: ResampleKernel = { support: 6, weight: (x) => (Math.abs(x) < 3 ? sinc(x) * sinc(x / 3) : 0) }

export const KERNELS = { nearest: BOX, lanczos: LANCZOS_3 } as const

/** Enlarges a plane [h, w] -> [h * scale, w * scale] by an integer `scale`. Values are not clamped. */
export function enlargeBy(kernel: keyof typeof KERNELS, plane: Plane, scale: number): Plane {
  return resize(plane, plane.width * scale, plane.height * scale, undefined, KERNELS[kernel])
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x)
}
