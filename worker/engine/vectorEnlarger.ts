// The enlarger on the kernel picture.as.ts, in WebAssembly SIMD. Rows of the small planes stream through one page of
// memory and come out as rows of the result. So no planes of the result's size are needed, except those that a network
// returns.
import { DIFFERENCES, INVISIBLE, type YCbCr } from '../image/color.ts'
import { createPlane, type Plane, type Rect, type Rgba } from '../image/plane.ts'
import { mirror, phasesOf } from '../image/resize.ts'
import type { Enlarger, Layers, Placed } from './enlarger.ts'
import {
  PICTURE_AT,
  PHASE_WEIGHTS,
  REACH,
  PICTURE_ROW_BYTES,
  SCALE_WEIGHTS,
  KERNEL_SCALES,
  SLOT_BYTES,
  SMALL_BYTES,
  STRIP,
  TAPS,
} from './kernel/pictureLayout.ts'

/** The kernel's exports. Arguments are addresses, offsets in a row in bytes, or numbers of vectors. */
interface Exports {
  readonly memory: WebAssembly.Memory
  readonly spread2: Spread
  readonly spread3: Spread
  readonly spread4: Spread
  centre(vectors: number): void
  mix(vectors: number): void
  blend(weights: number, from: number, to: number): void
  addDetail(from: number, to: number): void
  merge(weights: number, from: number, to: number): void
  mergeClear(weights: number, from: number, to: number): void
}
type Spread = (from: number, to: number, vectors: number) => void

interface Kernel extends Exports {
  /** The kernel's memory, as f32 values and as bytes. */
  readonly floats: Float32Array
  readonly bytes: Uint8Array
}

const FLOAT = 4
const LANES = 4
const PHASES = new Map(KERNEL_SCALES.map((scale) => [scale as number, phasesOf(scale)]))

/** Planes of the small picture: luma, Cb and Cr. A plane that is not needed is undefined. */
type Planes = readonly [Plane | undefined, Plane?, Plane?]

/** A row of a strip of the result. The four small rows from which it is computed are in the ring. */
interface Row {
  readonly y: number
  readonly left: number
  readonly width: number
  /** Start and end of the row's pixels in the kernel's row buffers, as offsets in bytes. */
  readonly from: number
  readonly to: number
  /** Address of the weights of the four small rows. */
  readonly weights: number
}

/**
 * Creates an enlarger from the picture module (platform/nodeFiles.ts, platform/workersFiles.ts). Drops an instance
 * that has trapped.
 */
export function createVectorEnlarger(module: WebAssembly.Module): Enlarger {
  let idle: Kernel | undefined
  function withKernel(work: (kernel: Kernel) => void): void {
    const kernel = idle ?? instantiate(module)
    idle = undefined
    work(kernel)
    idle = kernel
  }

  return {
    enlarge(plane, scale, region, buffer) {
      const { width: across, height } = region
      const result = buffer
        ? { width: across, height, data: buffer.subarray(0, across * height) }
        : createPlane(across, height)
      withKernel((kernel) => {
        const { blend, floats } = kernel
        forRows(kernel, [plane], scale, region, ({ y, left, width, from, to, weights }) => {
          blend(weights, from, to)
          const at = (PICTURE_AT.lumaRow + from) / FLOAT
          const start = (y - region.y) * across + left - region.x
          result.data.set(floats.subarray(at, at + width), start)
        })
      })
      return result
    },

    merge(small, scale, region, target, layers) {
      withKernel((kernel) => mergeRows(kernel, small, scale, region, target, layers))
    },
  }
}

function mergeRows(
  kernel: Kernel,
  { y: luma, cb, cr }: YCbCr,
  scale: number,
  region: Rect,
  target: Rgba,
  layers: Layers,
): void {
  const { floats, bytes, blend, addDetail } = kernel
  // If both arrays have the same type, `set` is a plain copy of memory.
  const rgba = new Uint8Array(target.data.buffer, target.data.byteOffset, target.data.length)
  const merge = layers.opacity ? kernel.mergeClear : kernel.merge
  const take = ({ plane, x, y }: Placed, at: number, row: Row) => {
    const start = (row.y - y) * plane.width + row.left - x
    floats.set(plane.data.subarray(start, start + row.width), (at + row.from) / FLOAT)
  }
  forRows(kernel, [layers.luma ? undefined : luma, cb, cr], scale, region, (row) => {
    const { from, to, weights } = row
    if (layers.luma) take(layers.luma, PICTURE_AT.lumaRow, row)
    else blend(weights, from, to)
    if (layers.detail) {
      take(layers.detail, PICTURE_AT.detailRow, row)
      addDetail(from, to)
    }
    if (layers.opacity) take(layers.opacity, PICTURE_AT.opacityRow, row)
    merge(weights, from, to)
    const at = PICTURE_AT.rgbaRow + from
    rgba.set(bytes.subarray(at, at + to - from), 4 * (row.y * target.width + row.left))
  })
}

/**
 * Calls `use` for each row of each strip of `region`, after loading into the ring the small rows on which that row
 * depends.
 */
function forRows(kernel: Kernel, planes: Planes, scale: number, region: Rect, use: (row: Row) => void): void {
  const phases = PHASES.get(scale)
  if (!phases) throw new RangeError(`expected a scale of ${KERNEL_SCALES.join(', ')}, got ${scale}`)
  const right = region.x + region.width
  for (let left = region.x; left < right; left += STRIP) {
    const width = Math.min(STRIP, right - left)
    const column = Math.floor(left / scale)
    const lead = left - column * scale // a strip may begin in the middle of a small pixel
    const columns = Math.ceil((lead + width) / scale)
    const [from, to] = [lead * FLOAT, (lead + width) * FLOAT]
    const load = rowLoader(kernel, planes, scale, column, columns)
    let next = -Infinity
    for (let y = region.y; y < region.y + region.height; y++) {
      const phase = y % scale
      const first = (y - phase) / scale + phases[phase].first
      for (next = Math.max(next, first); next < first + TAPS; next++) load(next)
      const turned = -first & (TAPS - 1) // the slot of row r is r & 3
      const weights = addressOf(scale, phase) + turned * FLOAT
      use({ y, left, width, from, to, weights })
    }
  }
}

/**
 * Returns a function that loads a small row into the ring: `columns` pixels from `column` on, mirrored at the edges.
 */
function rowLoader(
  kernel: Kernel,
  planes: Planes,
  scale: number,
  column: number,
  columns: number,
): (row: number) => void {
  const { floats, centre, mix } = kernel
  const spread = kernel[`spread${scale as (typeof KERNEL_SCALES)[number]}`]
  const vectors = Math.ceil(columns / LANES)
  const small = (p: number) => PICTURE_AT.small + p * SMALL_BYTES
  return (row) => {
    const slot = PICTURE_AT.ring + (row & (TAPS - 1)) * SLOT_BYTES
    planes.forEach((plane, p) => {
      if (plane)
        copyRow(plane, mirror(row, plane.height), column - REACH, columns + 2 * REACH, floats, small(p) / FLOAT)
    })
    if (planes[0]) centre(vectors + 1)
    if (planes.length > 1) mix(vectors + 1)
    planes.forEach((plane, p) => {
      if (plane) spread(small(p), slot + p * PICTURE_ROW_BYTES, vectors)
    })
  }
}

function copyRow({ width, data }: Plane, row: number, left: number, count: number, to: Float32Array, at: number): void {
  const start = row * width
  const inside = Math.max(0, left)
  const end = Math.min(width, left + count)
  to.set(data.subarray(start + inside, start + end), at + inside - left)
  for (let x = left; x < inside; x++) to[at + x - left] = data[start + mirror(x, width)]
  for (let x = end; x < left + count; x++) to[at + x - left] = data[start + mirror(x, width)]
}

function addressOf(scale: number, phase: number): number {
  return PICTURE_AT.weights + ((scale - KERNEL_SCALES[0]) * SCALE_WEIGHTS + phase * PHASE_WEIGHTS) * FLOAT
}

function instantiate(module: WebAssembly.Module): Kernel {
  const abort = () => {
    throw new Error('the kernel aborted')
  }
  const exports = new WebAssembly.Instance(module, { env: { abort } }).exports as unknown as Exports
  const { buffer } = exports.memory
  const floats = new Float32Array(buffer)
  for (const [scale, phases] of PHASES) {
    phases.forEach(({ weights }, phase) => floats.set([...weights, ...weights], addressOf(scale, phase) / FLOAT))
  }
  const { yOffset, cOffset, luma, red, blue, green } = DIFFERENCES
  const constants = { yOffset: [yOffset], cOffset: [cOffset], luma: [luma], red, blue, green, invisible: [INVISIBLE] }
  for (const [name, values] of Object.entries(constants) as [keyof typeof constants, readonly number[]][]) {
    const start = PICTURE_AT[name] / FLOAT
    values.forEach((value, i) => floats.fill(value, start + i * LANES, start + (i + 1) * LANES))
  }
  return { ...exports, floats, bytes: new Uint8Array(buffer) }
}
