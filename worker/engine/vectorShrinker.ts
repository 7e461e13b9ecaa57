// The shrinker on the kernel shrink.as.ts, in WebAssembly SIMD. Rows stream through its memory in groups of four. It
// works on rows of the picture, never on bands, so a result does not depend on the bands.
import { tapsOf } from '../image/resize.ts'
import { checkedBands, type Pixels, type Rows } from '../image/rows.ts'
import type { Shrinker } from '../image/shrink.ts'
import { FLOAT, PAGE_BYTES } from './kernel/layout.ts'
import { GROUP_ROWS, COLUMN_BYTES, PIXEL, ROWS_OUT, shrinkLayout, type Axis } from './kernel/shrinkLayout.ts'

/** The kernel's exports. Arguments are addresses, distances in bytes, or numbers of taps or pixels. */
interface Kernel {
  readonly memory: WebAssembly.Memory
  /** Returns 1 if all pixels are opaque. */
  widen(from: number, rowBytes: number, to: number): number
  widenClear(from: number, rowBytes: number, to: number): void
  across(
    group: number,
    starts: number,
    weights: number,
    taps: number,
    to: number,
    rowBytes: number,
    pixels: number,
  ): void
  readonly down: Down
  readonly downClear: Down
}
type Down = (
  from: number,
  ring: number,
  ringEnd: number,
  rowBytes: number,
  weights: number,
  taps: number,
  to: number,
  pixels: number,
) => void

/** Largest memory of an instance that is kept for the next picture, in bytes. */
const MAX_IDLE_BYTES = 4 * 1024 * 1024

/**
 * Creates a shrinker from the shrink module (platform/nodeFiles.ts, platform/workersFiles.ts). Each picture in progress
 * has its own instance. One idle instance is kept for the next picture. An instance whose picture was not finished is
 * dropped, because it may have trapped.
 */
export function createVectorShrinker(module: WebAssembly.Module): Shrinker {
  let idle: Kernel | undefined
  async function* shrunk(rows: Rows, width: number, height: number): AsyncGenerator<Pixels, void> {
    const kernel = idle ?? instantiate(module)
    idle = undefined
    yield* shrinkBy(kernel, rows, width, height)
    if (kernel.memory.buffer.byteLength <= MAX_IDLE_BYTES) idle = kernel
  }
  return {
    shrink(rows, width, height) {
      if (rows.width === width && rows.height === height) return rows
      return { width, height, bands: shrunk(rows, width, height) }
    },
  }
}

/** Yields the rows of the result as views of the kernel's memory, up to ROWS_OUT at a time. */
async function* shrinkBy(kernel: Kernel, rows: Rows, width: number, height: number): AsyncGenerator<Pixels, void> {
  const [across, down] = [tapsAlong(rows.width, width), tapsAlong(rows.height, height)]
  const at = shrinkLayout(across, down)
  reserve(kernel, at.end)
  const { buffer } = kernel.memory
  new Float32Array(buffer, at.weightsAcross, across.weights.length).set(across.weights)
  new Float32Array(buffer, at.weightsDown, down.weights.length).set(down.weights)
  new Uint32Array(buffer, at.startsAcross, width).set(across.starts.map((start) => start * COLUMN_BYTES))
  const rowsIn = new Uint8Array(buffer, at.rowsIn, GROUP_ROWS * at.rowInBytes)
  rowsIn.fill(255) // pixels after the end of a row count as opaque
  const ringEnd = at.ring + at.ringRows * at.ringRowBytes
  const isClear = new Uint8Array(at.ringRows) // by slot of the ring
  const rowBytes = PIXEL * rows.width
  const outBytes = PIXEL * width
  let taken = 0
  let finished = 0
  let waiting = 0 // rows of the result that are not handed out yet

  /** Shrinks the group in `rowsIn` horizontally. Its first row is `first`. */
  function shrinkGroup(first: number): void {
    const clear = kernel.widen(at.rowsIn, at.rowInBytes, at.group) === 0
    if (clear) kernel.widenClear(at.rowsIn, at.rowInBytes, at.group)
    const slot = first % at.ringRows
    isClear.fill(Number(clear), slot, slot + GROUP_ROWS)
    const to = at.ring + slot * at.ringRowBytes
    kernel.across(at.group, at.startsAcross, at.weightsAcross, across.taps, to, at.ringRowBytes, width)
  }

  function finishRow(): void {
    const first = down.starts[finished]
    const from = at.ring + (first % at.ringRows) * at.ringRowBytes
    const weights = at.weightsDown + finished * down.taps * FLOAT
    let run = kernel.down
    for (let r = first; r < first + down.taps; r++) if (isClear[r % at.ringRows]) run = kernel.downClear
    run(from, at.ring, ringEnd, at.ringRowBytes, weights, down.taps, at.rowsOut + waiting * outBytes, width)
    finished++
    waiting++
  }

  for await (const band of checkedBands(rows)) {
    const bytes = new Uint8Array(band.buffer, band.byteOffset, band.length)
    for (let from = 0; from < bytes.length; from += rowBytes) {
      const row = taken % GROUP_ROWS
      rowsIn.set(bytes.subarray(from, from + rowBytes), row * at.rowInBytes)
      taken++
      if (row < GROUP_ROWS - 1 && taken < rows.height) continue
      shrinkGroup(taken - 1 - row)
      while (finished < height && down.starts[finished] + down.taps <= taken) {
        finishRow()
        if (waiting < ROWS_OUT && finished < height) continue
        yield new Uint8ClampedArray(buffer, at.rowsOut, waiting * outBytes)
        waiting = 0
      }
    }
  }
}

interface AxisTaps extends Axis {
  readonly starts: Uint32Array
  /** [to][taps] */
  readonly weights: Float64Array
}

/**
 * Returns the taps of an axis as runs of consecutive samples. The weights of samples that are mirrored at an end are
 * added to the weights of the samples themselves.
 */
function tapsAlong(from: number, to: number): AxisTaps {
  const { count, indices, weights } = tapsOf(from, to)
  const firsts = new Uint32Array(to).fill(from)
  let taps = 0
  for (let i = 0, k = 0; i < to; i++) {
    let last = 0
    for (const end = k + count; k < end; k++) {
      if (weights[k] === 0) continue
      firsts[i] = Math.min(firsts[i], indices[k])
      last = Math.max(last, indices[k])
    }
    taps = Math.max(taps, last - firsts[i] + 1)
  }
  const starts = firsts.map((first) => Math.min(first, from - taps))
  const runs = new Float64Array(to * taps)
  for (let i = 0, k = 0; i < to; i++) {
    for (const end = k + count; k < end; k++) {
      if (weights[k] !== 0) runs[i * taps + indices[k] - starts[i]] += weights[k]
    }
  }
  return { from, to, taps, starts, weights: runs }
}

function reserve({ memory }: Kernel, bytes: number): void {
  const missing = bytes - memory.buffer.byteLength
  if (missing > 0) memory.grow(Math.ceil(missing / PAGE_BYTES))
}

function instantiate(module: WebAssembly.Module): Kernel {
  const abort = () => {
    throw new Error('the kernel aborted')
  }
  return new WebAssembly.Instance(module, { env: { abort } }).exports as unknown as Kernel
}
