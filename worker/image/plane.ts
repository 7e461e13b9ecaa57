// The two picture types that all other code uses, and small operations on planes.

/**
 * One channel, row-major: data[y * width + x]. Luma and chroma are in 0..1 (8-bit level / 255). They are clamped only
 * when they are rounded to 8-bit levels.
 */
export interface Plane {
  readonly width: number
  readonly height: number
  readonly data: Float32Array
}

/** An 8-bit picture, row-major, 4 bytes per pixel, not premultiplied by alpha. */
export interface Rgba {
  readonly width: number
  readonly height: number
  readonly data: Uint8Array | Uint8ClampedArray
}

/** A rectangle in pixels. */
export interface Rect {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** True if no pixel is transparent. */
export function isOpaque({ data }: Rgba): boolean {
  for (let i = 3; i < data.length; i += 4) if (data[i] !== 255) return false
  return true
}

/** True if the red, green and blue of some pixel differ. */
export function hasColor({ data }: Rgba): boolean {
  for (let i = 0; i < data.length; i += 4) {
    if (data[i] !== data[i + 1] || data[i] !== data[i + 2]) return true
  }
  return false
}

/** Creates a plane of zeros. */
export function createPlane(width: number, height: number): Plane {
  return { width, height, data: new Float32Array(width * height) }
}

/** Copies `rect` from a plane; `rect` must be inside the plane. */
export function crop(plane: Plane, rect: Rect): Plane {
  const out = createPlane(rect.width, rect.height)
  for (let row = 0; row < rect.height; row++) {
    const from = (rect.y + row) * plane.width + rect.x
    out.data.set(plane.data.subarray(from, from + rect.width), row * rect.width)
  }
  return out
}

/** Returns the top-left part whose sides are multiples of `scale`, like modcrop in the paper's MATLAB code. */
export function modcrop(plane: Plane, scale: number): Plane {
  const width = plane.width - (plane.width % scale)
  const height = plane.height - (plane.height % scale)
  return crop(plane, { x: 0, y: 0, width, height })
}

/**
 * Rounds to 8-bit levels and clamps, as MATLAB's uint8() does. Values of the result are level / 255, like those of the
 * input.
 */
export function quantize({ width, height, data }: Plane): Plane {
  const out = createPlane(width, height)
  for (let i = 0; i < data.length; i++) {
    out.data[i] = Math.min(255, Math.max(0, Math.round(data[i] * 255))) / 255
  }
  return out
}
