// A way to make pictures larger, to be compared with others.
import { mergeYCbCr, splitYCbCr } from '../../worker/image/color.ts'
import type { Plane, Rgba } from '../../worker/image/plane.ts'
import { type Model, upscale, upscalePlane, upscalePlanes } from '../../worker/engine/upscale.ts'
import { channelsOf } from '../../worker/model/network.ts'
import { type Dictionary, enlargeSparse } from '../baseline/enlargeSparse.ts'
import { enlargePlane, mergeRgb, splitRgb } from '../data/degrade.ts'
import { loadEnlarger } from '../engine/runtime.ts'
import { enlargeBy, type KERNELS } from './resizeKernels.ts'
import type { TestInput } from './testInput.ts'

export interface Method {
  /** Luma [h, w] -> [h * scale, w * scale]; values in 0..1, not clamped. Not there where a method needs colour. */
  enlargePlane?(small: Plane, scale: number): Promise<Plane>
  /** The same for an opaque 8-bit picture, as a service would answer. */
  enlargePicture(small: Rgba, scale: number): Promise<Rgba>
}

/** Whether a method can make anything of that input: `float` is luma alone. */
export function acceptsInput({ enlargePlane: enlargeLuma }: Method, input: TestInput): boolean {
  return input !== 'float' || enlargeLuma !== undefined
}

/** Networks, each for a scale, as their channels have it: all on luma, or all on red, green and blue. */
export function networkMethod(models: ReadonlyMap<number, Model>): Method {
  const isRgb = [...models.values()].some(({ network }) => channelsOf(network) === 3)
  return isRgb ? rgbMethod(models) : servedMethod(models)
}

/** The worker's own code, with a network at each scale; bicubic alone where there is none. */
export function servedMethod(models: ReadonlyMap<number, Model> = new Map()): Method {
  return {
    enlargePlane: async (small, scale) => upscalePlane(small, scale, models.get(scale), await loadEnlarger()),
    enlargePicture: async (small, scale) => upscale(small, scale, models.get(scale), await loadEnlarger()),
  }
}

/** Networks on red, green and blue, which nobody serves; the result is rounded to bytes. */
function rgbMethod(models: ReadonlyMap<number, Model>): Method {
  return {
    enlargePicture: async (small, scale) => mergeRgb(await upscalePlanes(splitRgb(small), scale, models.get(scale))),
  }
}

/** One of kernels.ts, on luma and chroma alike. */
export function kernelMethod(kernel: keyof typeof KERNELS): Method {
  const enlarge = (plane: Plane, scale: number) => enlargeBy(kernel, plane, scale)
  return {
    enlargePlane: (small, scale) => Promise.resolve(enlarge(small, scale)),
    enlargePicture: (small, scale) => byPlanes(small, scale, enlarge, enlarge),
  }
}

/** Sparse coding with a dictionary for each scale; chroma is bicubic. */
export function sparseMethod(dictionaries: ReadonlyMap<number, Dictionary>): Method {
  return lumaMethod((small, scale) => enlargeSparse(small, scale, dictionaries.get(scale)!))
}

/** A method made from one for luma; chroma is bicubic. */
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
