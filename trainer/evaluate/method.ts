// Methods of enlarging pictures, behind one interface so that evaluation can compare them.
import { type Model, upscale, upscalePlane, upscalePlanes } from '../../worker/engine/upscale.ts'
import { mergeYCbCr, splitYCbCr } from '../../worker/image/color.ts'
import type { Plane, Rgba } from '../../worker/image/plane.ts'
import { channelsOf } from '../../worker/model/network.ts'
import { type Dictionary, enlargeSparse } from '../baseline/enlargeSparse.ts'
import { enlargePlane, mergeRgb, splitRgb } from '../data/degrade.ts'
import { loadEnlarger } from '../engine/onnxRuntime.ts'
import { enlargeBy, type KERNELS } from './resizeKernels.ts'
import type { TestInput } from './testInput.ts'

export interface Method {
  /** Enlarges luma in 0..1, [h, w] -> [h * scale, w * scale], without clamping. Absent if the method needs colour. */
  enlargePlane?(small: Plane, scale: number): Promise<Plane>
  /** Enlarges an opaque 8-bit picture, as a service would. */
  enlargePicture(small: Rgba, scale: number): Promise<Rgba>
}

/** Returns whether a method can use this input. A method that needs colour cannot use `float`, which is only luma. */
export function acceptsInput({ enlargePlane: enlargeLuma }: Method, input: TestInput): boolean {
  return input !== 'float' || enlargeLuma !== undefined
}

/** Creates a method from one network per scale. The networks must all work on luma, or all on RGB. */
export function networkMethod(models: ReadonlyMap<number, Model>): Method {
  const isRgb = [...models.values()].some(({ network }) => channelsOf(network) === 3)
  return isRgb ? rgbMethod(models) : servedMethod(models)
}

/**
 * Creates a method that runs the worker's code with one network per scale, or only bicubic at scales without a network.
 */
export function servedMethod(models: ReadonlyMap<number, Model> = new Map()): Method {
  return {
    enlargePlane: async (small, scale) => upscalePlane(small, scale, models.get(scale), loadEnlarger()),
    enlargePicture: async (small, scale) => upscale(small, scale, models.get(scale), loadEnlarger()),
  }
}

/** Creates a method from networks on RGB, which the worker does not serve. The result is rounded to bytes. */
function rgbMethod(models: ReadonlyMap<number, Model>): Method {
  return {
    enlargePicture: async (small, scale) => mergeRgb(await upscalePlanes(splitRgb(small), scale, models.get(scale))),
  }
}

/** Creates a method that resizes luma and chroma by one of the kernels of resizeKernels.ts. */
export function kernelMethod(kernel: keyof typeof KERNELS): Method {
  const enlarge = (plane: Plane, scale: number) => enlargeBy(kernel, plane, scale)
  return {
    enlargePlane: (small, scale) => Promise.resolve(enlarge(small, scale)),
    enlargePicture: (small, scale) => byPlanes(small, scale, enlarge, enlarge),
  }
}

/** Creates a method that enlarges luma by sparse coding, with one dictionary per scale, and chroma by bicubic. */
export function sparseMethod(dictionaries: ReadonlyMap<number, Dictionary>): Method {
  return lumaMethod((small, scale) => enlargeSparse(small, scale, dictionaries.get(scale)!))
}

/** Creates a method that enlarges luma by `enlarge`, and chroma by bicubic. */
export function lumaMethod(enlarge: (small: Plane, scale: number) => Plane | Promise<Plane>): Method {
  return {
    enlargePlane: async (small, scale) => enlarge(small, scale),
    enlargePicture: (small, scale) => byPlanes(small, scale, enlarge, enlargePlane),
  }
}

async function byPlanes(
  small: Rgba,
  scale: number,
  luma: (plane: Plane, scale: number) => Plane | Promise<Plane>,
  chroma: (plane: Plane, scale: number) => Plane,
): Promise<Rgba> {
  const { y, cb, cr } = splitYCbCr(small)
  const large = { y: await luma(y, scale), cb: chroma(cb, scale), cr: chroma(cr, scale) }
  const { width, height } = large.y
  const target: Rgba = { width, height, data: new Uint8ClampedArray(4 * width * height) }
  mergeYCbCr(large, target, 0, 0)
  return target
}
