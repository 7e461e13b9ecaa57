// A drawing surface that is filled from front to back: a shape is hidden by the shapes drawn before it, so each pixel
// is painted about once, however many shapes overlap there. The canvas has twice the picture's side and is shrunk at
// the end, as most photographs in training sets have been.
import { createPlane, type Plane, type Rgba } from '../../worker/image/plane.ts'
import { resize } from '../../worker/image/resize.ts'

export interface Canvas {
  readonly side: number
  /**
   * [side, side]: the luma of each pixel, 0..1. Each shape adds its own luma times the share of the pixel that the
   * shape covers.
   */
  readonly luma: Plane
  /** [side, side]: share of each pixel, 0..1, that no shape covers yet. */
  readonly open: Plane
  /** [side / 2, side / 2]: `red` is red minus luma, `blue` is blue minus luma. */
  readonly red: Plane
  readonly blue: Plane
  /** [side]: share of each pixel that the current shape covers in the current row. */
  readonly shares: Float32Array
  /** [side]: luma of the current shape in the current row. */
  readonly row: Float32Array
}

export interface Shape {
  /** Edges of a box, in pixels, that contains the whole shape. */
  readonly left: number
  readonly top: number
  readonly right: number
  readonly bottom: number
  /**
   * Multiplies shares[x] by the share of pixel (x, y) that is inside the shape, 0..1, for all x from `left` to `right`.
   */
  cover(y: number, left: number, right: number, shares: Float32Array): void
}

export interface Paint {
  /**
   * Writes the luma at (x, y), 0..1, to row[x], for all x from `left` to `right`. May skip pixels with shares[x] = 0.
   */
  luma(y: number, left: number, right: number, shares: Float32Array, row: Float32Array): void
  /** `red` is red minus luma, `blue` is blue minus luma. */
  readonly red: number
  readonly blue: number
}

/** A pixel whose open share is smaller than this counts as covered. The error is less than an 8-bit level. */
const CLOSED = 1 / 512

/**
 * Weights of red and blue in luma, divided by the weight of green (BT.601). If red grows by 1, green must fall by RED
 * to keep luma the same; for blue it must fall by BLUE.
 */
const RED = 0.299 / 0.587
const BLUE = 0.114 / 0.587

export function createCanvas(side: number): Canvas {
  const open = createPlane(side, side)
  open.data.fill(1)
  const [red, blue] = [createPlane(side / 2, side / 2), createPlane(side / 2, side / 2)]
  return {
    side,
    luma: createPlane(side, side),
    open,
    red,
    blue,
    shares: new Float32Array(side),
    row: new Float32Array(side),
  }
}

/** Draws a shape behind all shapes drawn so far, row by row. Returns the area that it covers, in pixels. */
export function drawBehind(canvas: Canvas, shape: Shape, paint: Paint): number {
  const { side, shares, row } = canvas
  const [luma, open, red, blue] = [canvas.luma, canvas.open, canvas.red, canvas.blue].map(({ data }) => data)
  const bottom = Math.min(side - 1, Math.ceil(shape.bottom))
  let area = 0
  for (let y = Math.max(0, Math.floor(shape.top)); y <= bottom; y++) {
    const start = y * side
    let left = Math.max(0, Math.floor(shape.left))
    let right = Math.min(side - 1, Math.ceil(shape.right))
    while (left <= right && open[start + left] < CLOSED) left++
    while (left <= right && open[start + right] < CLOSED) right--
    if (left > right) continue
    for (let x = left; x <= right; x++) shares[x] = open[start + x] < CLOSED ? 0 : open[start + x]
    shape.cover(y, left, right, shares)
    paint.luma(y, left, right, shares, row)
    const half = (y >> 1) * (side >> 1)
    for (let x = left; x <= right; x++) {
      const share = shares[x]
      if (share === 0) continue
      luma[start + x] += share * row[x]
      open[start + x] -= share
      area += share
      red[half + (x >> 1)] += 0.25 * share * paint.red
      blue[half + (x >> 1)] += 0.25 * share * paint.blue
    }
  }
  return area
}

/** Fills the open pixels of a canvas with the canvas `behind`, which has half the side and is enlarged first. */
export function placeBehind({ side, luma, open, red, blue }: Canvas, behind: Canvas): void {
  const half = side >> 1
  const large = resize(behind.luma, side, side).data
  for (let y = 0, i = 0; y < side; y++) {
    for (let x = 0; x < side; x++, i++) {
      const share = open.data[i]
      if (share === 0) continue
      luma.data[i] += share * large[i]
      const to = (y >> 1) * half + (x >> 1)
      const from = (y >> 2) * (half >> 1) + (x >> 2)
      red.data[to] += 0.25 * share * behind.red.data[from]
      blue.data[to] += 0.25 * share * behind.blue.data[from]
    }
  }
  open.data.fill(0)
}

/**
 * Blurs a canvas as if out of focus. Replaces each pixel by the mean of the square around it (2 * radius + 1 pixels a
 * side), then does the same again.
 */
export function defocus({ luma, red, blue }: Canvas, radius: number): void {
  blurTwice(luma, radius)
  blurTwice(red, radius >> 1)
  blurTwice(blue, radius >> 1)
}

/** Blurs a square plane twice, in place. */
function blurTwice({ width: side, data }: Plane, radius: number): void {
  const line = new Float32Array(side)
  const last = side - 1
  for (const step of [1, side, 1, side]) {
    const next = step === 1 ? side : 1
    for (let first = 0; first < side * next; first += next) {
      for (let i = 0; i < side; i++) line[i] = data[first + i * step]
      let sum = radius * line[0]
      for (let i = 0; i <= radius; i++) sum += line[i]
      for (let i = 0; i < side; i++) {
        data[first + i * step] = sum / (2 * radius + 1)
        sum += line[Math.min(last, i + radius + 1)] - line[Math.max(0, i - radius)]
      }
    }
  }
}

/**
 * Softens luma in place, as a camera does. Mixes `share` (0..0.25) of each of the two neighbours into each sample,
 * first along rows, then along columns.
 */
export function soften({ luma: { width: side, data } }: Canvas, share: number): void {
  for (const step of [1, side]) {
    for (let line = 0; line < side; line++) {
      const first = line * (step === 1 ? side : 1)
      let before = data[first]
      for (let i = first, k = 1; k < side; k++, i += step) {
        const here = data[i]
        data[i] += share * (before + data[i + step] - 2 * here)
        before = here
      }
    }
  }
}

/** Returns an opaque picture of half the canvas's side, rounded to 8 bits. */
export function toPicture({ side: large, luma, red, blue }: Canvas): Rgba {
  const side = large / 2
  const small = resize(luma, side, side).data
  const data = new Uint8ClampedArray(4 * side * side)
  for (let i = 0; i < small.length; i++) {
    const [y, r, b] = [small[i], red.data[i], blue.data[i]]
    data[4 * i] = 255 * (y + r)
    data[4 * i + 1] = 255 * (y - RED * r - BLUE * b)
    data[4 * i + 2] = 255 * (y + b)
    data[4 * i + 3] = 255
  }
  return { width: side, height: side, data }
}
