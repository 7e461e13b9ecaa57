// Writes JPEGs that common encoders do not write: any sampling factors, any order of scans, any markers between them.
// ITU-T T.81; the Huffman codes of each scan are fitted to its symbols.
import { assignCodes, fitCodeLengths, inCodeOrder } from '../../../worker/codec/huffman.ts'
import { BLOCK_SAMPLES, MAX_CODE_BITS, ZIGZAG } from '../../../worker/codec/jpeg/tables.ts'

export interface FileComponent {
  readonly id: number
  /** Sampling factors. */
  readonly across: number
  readonly down: number
  /** Returns the sample at a position in this component's own plane, 0 to 255. */
  readonly sample: (x: number, y: number) => number
}

export interface FileScan {
  /** Indices of the components. */
  readonly components: readonly number[]
  readonly first?: number
  readonly last?: number
  readonly high?: number
  readonly low?: number
  /** MCUs between restart markers. Default: that of the scan before, at first none. */
  readonly restartInterval?: number
}

export interface FileSpec {
  readonly width: number
  readonly height: number
  readonly components: readonly FileComponent[]
  /** Default: one scan of all components. */
  readonly scans?: readonly FileScan[]
  /** Default: sequential. */
  readonly isProgressive?: boolean
  /** Step of all coefficients. 16-bit tables are written above 255. Default: 4. */
  readonly step?: number
  /** Segments behind SOI, with their markers. */
  readonly segments?: readonly Uint8Array[]
}

/** A symbol to be coded (table: 0x00 to 0x03 for DC, 0x10 to 0x13 for AC), or only bits, or a restart marker. */
interface Item {
  readonly table?: number
  readonly symbol?: number
  readonly value?: number
  readonly bits?: number
  readonly restart?: number
}

/** A component's quantised coefficients: blocks by rows, each in zig-zag order. */
interface Blocks {
  readonly across: number
  readonly own: { readonly across: number; readonly down: number }
  readonly data: readonly Int16Array[]
}

export function writeJpegFile(spec: FileSpec): Uint8Array {
  const { width, height, components, isProgressive = false, step = 4, segments = [] } = spec
  const mostAcross = Math.max(...components.map(({ across }) => across))
  const mostDown = Math.max(...components.map(({ down }) => down))
  const unitsAcross = Math.ceil(width / (8 * mostAcross))
  const unitsDown = Math.ceil(height / (8 * mostDown))
  const planes = components.map(({ across, down, sample }): Blocks => {
    const own = {
      across: Math.ceil(Math.ceil((width * across) / mostAcross) / 8),
      down: Math.ceil(Math.ceil((height * down) / mostDown) / 8),
    }
    const all = { across: unitsAcross * across, down: unitsDown * down }
    const data = Array.from({ length: all.across * all.down }, (_, i) => {
      const [left, top] = [8 * (i % all.across), 8 * Math.floor(i / all.across)]
      return quantizedBlock((x, y) => sample(left + x, top + y), step)
    })
    return { across: all.across, own, data }
  })
  const isWide = step > 255
  const steps = Array.from({ length: isWide ? 128 : 64 }, (_, i) => (isWide && i % 2 === 0 ? step >> 8 : step & 255))
  const table = [isWide ? 0x10 : 0, ...steps]
  const frame = components.flatMap(({ id, across, down }) => [id, (across << 4) | down, 0])
  const out: number[] = [0xff, 0xd8]
  for (const bytes of segments) out.push(...bytes)
  out.push(...segmentOf(0xdb, table))
  const marker = isProgressive ? 0xc2 : step > 255 ? 0xc1 : 0xc0
  out.push(...segmentOf(marker, [8, height >> 8, height & 255, width >> 8, width & 255, components.length, ...frame]))

  let interval = 0
  for (const scan of spec.scans ?? [{ components: components.map((_, i) => i) }]) {
    const { first = 0, last = isProgressive ? 0 : 63, high = 0, low = 0 } = scan
    if (scan.restartInterval !== undefined && scan.restartInterval !== interval) {
      interval = scan.restartInterval
      out.push(...segmentOf(0xdd, [interval >> 8, interval & 255]))
    }
    const items = scanItems(spec, planes, { ...scan, first, last, high, low }, interval, unitsAcross, unitsDown)
    const tables = new Map<number, Uint8Array>()
    for (const id of new Set(items.flatMap(({ table: used }) => (used === undefined ? [] : [used])))) {
      const frequencies = new Uint32Array(257)
      frequencies[256] = 1 // its code, only ones, stays unused
      for (const { table: used, symbol } of items) if (used === id) frequencies[symbol!]++
      tables.set(id, fitCodeLengths(frequencies, MAX_CODE_BITS).subarray(0, 256))
    }
    for (const [id, lengths] of tables) {
      const counts = Array<number>(MAX_CODE_BITS).fill(0)
      for (const length of lengths) if (length > 0) counts[length - 1]++
      out.push(...segmentOf(0xc4, [id, ...counts, ...inCodeOrder(lengths)]))
    }
    const inScan = scan.components.flatMap((index) => [components[index].id, tableOf(index) * 0x11])
    out.push(...segmentOf(0xda, [scan.components.length, ...inScan, first, last, (high << 4) | low]))
    writeItems(items, tables, out)
  }
  out.push(0xff, 0xd9)
  return Uint8Array.from(out)
}

/** A segment with its marker and length. */
export function segmentOf(marker: number, content: readonly number[]): number[] {
  const length = content.length + 2
  return [0xff, marker, length >> 8, length & 255, ...content]
}

/** Luma has tables of its own. */
const tableOf = (component: number) => (component === 0 ? 0 : 1)

/** Indexed by 8 * frequency + position: the basis of the DCT of eight values. */
const BASIS = Float64Array.from({ length: 64 }, (_, i) => {
  const [k, n] = [i >> 3, i & 7]
  return 0.5 * (k === 0 ? Math.SQRT1_2 : 1) * Math.cos(((2 * n + 1) * k * Math.PI) / 16)
})

/** Returns the quantised coefficients of a block in zig-zag order. */
function quantizedBlock(sample: (x: number, y: number) => number, step: number): Int16Array {
  const rows = new Float64Array(BLOCK_SAMPLES)
  for (let y = 0; y < 8; y++) {
    const samples = Array.from({ length: 8 }, (_, x) => sample(x, y) - 128)
    for (let u = 0; u < 8; u++) for (let x = 0; x < 8; x++) rows[8 * y + u] += samples[x] * BASIS[8 * u + x]
  }
  const block = new Int16Array(BLOCK_SAMPLES)
  for (let place = 0; place < BLOCK_SAMPLES; place++) {
    const [v, u] = [ZIGZAG[place] >> 3, ZIGZAG[place] & 7]
    let sum = 0
    for (let y = 0; y < 8; y++) sum += rows[8 * y + u] * BASIS[8 * v + y]
    block[place] = Math.round(sum / step)
  }
  return block
}

type FullScan = Required<Pick<FileScan, 'components' | 'first' | 'last' | 'high' | 'low'>>

function scanItems(
  { components, isProgressive = false }: FileSpec,
  planes: readonly Blocks[],
  scan: FullScan,
  interval: number,
  unitsAcross: number,
  unitsDown: number,
): Item[] {
  const items: Item[] = []
  const [only] = scan.components.length === 1 ? scan.components : []
  const [across, down] =
    only === undefined ? [unitsAcross, unitsDown] : [planes[only].own.across, planes[only].own.down]
  const predictions = components.map(() => 0)
  const refinement = { run: 0, bits: [] as number[] }
  for (let unit = 0; unit < across * down; unit++) {
    if (interval > 0 && unit > 0 && unit % interval === 0) {
      endRun(refinement, 0x10 | tableOf(scan.components[0]), items)
      items.push({ restart: (unit / interval - 1) % 8 })
      predictions.fill(0)
    }
    const [x, y] = [unit % across, Math.floor(unit / across)]
    for (const index of scan.components) {
      const { across: h, down: v } = only === undefined ? components[index] : { across: 1, down: 1 }
      for (let i = 0; i < h * v; i++) {
        const block = planes[index].data[(y * v + Math.floor(i / h)) * planes[index].across + x * h + (i % h)]
        const table = tableOf(index)
        if (!isProgressive) {
          predictions[index] = dcItems(block, table, predictions[index], 0, items)
          acItems(block, 0x10 | table, { ...scan, first: 1 }, undefined, items)
        } else if (scan.first === 0 && scan.high === 0) {
          predictions[index] = dcItems(block, table, predictions[index], scan.low, items)
        } else if (scan.first === 0) items.push({ value: (block[0] >> scan.low) & 1, bits: 1 })
        else if (scan.high === 0) acItems(block, 0x10 | table, scan, refinement, items)
        else refiningItems(block, 0x10 | table, scan, refinement, items)
      }
    }
  }
  if (isProgressive) endRun(refinement, 0x10 | tableOf(scan.components[0]), items)
  return items
}

function valueItem(table: number, run: number, value: number): Item {
  const bits = value === 0 ? 0 : 32 - Math.clz32(Math.abs(value))
  return { table, symbol: (run << 4) | bits, value: value < 0 ? value + (1 << bits) - 1 : value, bits }
}

function dcItems(block: Int16Array, table: number, predicted: number, low: number, items: Item[]): number {
  const dc = block[0] >> low
  items.push(valueItem(table, 0, dc - predicted))
  return dc
}

/** A run of blocks that are empty from here on, and the bits that refine coefficients in them. */
interface Run {
  run: number
  bits: number[]
}

/** Pushes a block's coefficients. A sequential scan has no runs of blocks. */
function acItems(
  block: Int16Array,
  table: number,
  { first, last, low }: FullScan,
  runs: Run | undefined,
  items: Item[],
) {
  let zeros = 0
  for (let place = first; place <= last; place++) {
    const value = Math.trunc(block[place] / (1 << low))
    if (value === 0) {
      zeros++
      continue
    }
    if (runs) endRun(runs, table, items)
    for (; zeros > 15; zeros -= 16) items.push({ table, symbol: 0xf0 })
    items.push(valueItem(table, zeros, value))
    zeros = 0
  }
  if (zeros === 0) return
  if (!runs) items.push({ table, symbol: 0 })
  else if (++runs.run === 0x7fff) endRun(runs, table, items)
}

function refiningItems(block: Int16Array, table: number, { first, last, low }: FullScan, runs: Run, items: Item[]) {
  const size = (place: number) => Math.abs(block[place]) >> low
  let lastNew = 0
  for (let place = first; place <= last; place++) if (size(place) === 1) lastNew = place
  let zeros = 0
  let bits: number[] = []
  const flush = () => {
    for (const bit of bits) items.push({ value: bit, bits: 1 })
    bits = []
  }
  for (let place = first; place <= last; place++) {
    if (size(place) === 0) {
      zeros++
      continue
    }
    for (let runs16 = place <= lastNew ? zeros >> 4 : 0; runs16 > 0; runs16--) {
      zeros -= 16
      endRun(runs, table, items)
      items.push({ table, symbol: 0xf0 })
      flush()
    }
    if (size(place) > 1) {
      bits.push(size(place) & 1)
      continue
    }
    endRun(runs, table, items)
    items.push({ table, symbol: (zeros << 4) | 1, value: block[place] < 0 ? 0 : 1, bits: 1 })
    flush()
    zeros = 0
  }
  if (zeros === 0 && bits.length === 0) return
  runs.bits.push(...bits)
  if (++runs.run === 0x7fff) endRun(runs, table, items)
}

function endRun(runs: Run, table: number, items: Item[]): void {
  if (runs.run > 0) {
    const bits = 31 - Math.clz32(runs.run)
    items.push({ table, symbol: bits << 4, value: runs.run - (1 << bits), bits })
    for (const bit of runs.bits) items.push({ value: bit, bits: 1 })
  }
  runs.run = 0
  runs.bits = []
}

function writeItems(items: readonly Item[], tables: ReadonlyMap<number, Uint8Array>, out: number[]): void {
  const codes = new Map([...tables].map(([id, lengths]) => [id, assignCodes(lengths)]))
  let held = 0
  let heldBits = 0
  const write = (value: number, bits: number) => {
    for (let bit = bits - 1; bit >= 0; bit--) {
      held = (held << 1) | ((value >> bit) & 1)
      if (++heldBits < 8) continue
      out.push(held)
      if (held === 0xff) out.push(0)
      held = heldBits = 0
    }
  }
  const pad = () => {
    for (let bits = (8 - heldBits) % 8; bits > 0; bits--) write(1, 1)
  }
  for (const { table, symbol, value = 0, bits = 0, restart } of items) {
    if (restart !== undefined) {
      pad()
      out.push(0xff, 0xd0 + restart)
      continue
    }
    if (table !== undefined) write(codes.get(table)![symbol!], tables.get(table)![symbol!])
    write(value, bits)
  }
  pad()
}
