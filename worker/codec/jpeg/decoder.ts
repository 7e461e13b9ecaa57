// Decodes a JPEG (ITU-T T.81): baseline, extended sequential and progressive, with 8 bits a sample and Huffman coding.
// scans.ts reads the markers. Entropy decoding, the inverse transform and colour are in WebAssembly (decoder.as.ts).
//
// If one scan holds the whole picture, its rows of MCUs are decoded and drawn one by one, beside the file and a few rows
// of planes. Otherwise the coefficients of the whole picture are kept until the last scan is read.

import { growTo, withoutGlue } from '../instance.ts'
import { createPlacer } from '../placer.ts'
import {
  AC_FIRST,
  AC_REFINING,
  COMPONENT,
  COMPONENT_BYTES,
  COMPONENTS_AT,
  DC_FIRST,
  DC_REFINING,
  DROPPED,
  HEAP_AT,
  MAX_CODE_BITS,
  OFFSETS_AT,
  QUANTIZER_BYTES,
  QUANTIZERS_AT,
  SEQUENTIAL,
  SHORT,
  TABLE,
  TABLE_BYTES,
  TABLES_AT,
} from './decoderLayout.ts'
import {
  type Extent,
  type Frame,
  type FrameComponent,
  isStreamed,
  mostOf,
  ownBlocksOf,
  recordBytesOf,
  samplesOf,
  unitsOf,
} from './frame.ts'
import { damaged, type HuffmanSpec, readJpegFile, type Scan } from './scans.ts'
import { AAN_SCALES, BLOCK_SAMPLES, ZIGZAG } from './tables.ts'

/** Exports of the decoder module. Arguments are addresses, distances in bytes, and counts. */
export interface JpegDecoderExports {
  readonly memory: WebAssembly.Memory
  beginScan(
    from: number,
    limit: number,
    kind: number,
    first: number,
    last: number,
    low: number,
    components: number,
    restartInterval: number,
  ): void
  scanEnd(): number
  decodeUnits(row: number, units: number, draws: number): number
  isWhole(): number
  drawRecords(
    from: number,
    recordBytes: number,
    blocks: number,
    quantizer: number,
    side: number,
    to: number,
    stride: number,
  ): void
  mixRows(near: number, far: number, count: number, to: number): void
  narrowRow(from: number, count: number, rounding: number, to: number): void
  spreadRow(from: number, count: number, evenRounding: number, oddRounding: number, to: number): void
  interpolateRow(near: number, far: number, farWeight: number, columns: number, count: number, to: number): void
  ycbcrToRgba(luma: number, cb: number, cr: number, count: number, to: number): void
  rgbToRgba(red: number, green: number, blue: number, count: number, to: number): void
}

/** Factory for `Instances.run`. */
export const createJpegDecoderModule = withoutGlue<JpegDecoderExports>()

/** Samples that are decoded for each side of a block of 8: all of them, or a half, a quarter or an eighth. */
export type BlockSide = 8 | 4 | 2 | 1

/** Rows of a component. */
export interface PlaneRows {
  /** A view of the decoder's memory, valid until the next rows are decoded. */
  readonly data: Uint8Array
  /** Samples of a row, and samples from one row to the next. */
  readonly width: number
  readonly stride: number
  readonly rows: number
}

/** Call either `planes` or `rgba`, and only once. */
export interface JpegDecoder {
  /** Size at the chosen scale, in pixels. */
  readonly width: number
  readonly height: number
  /** Rows of the picture in a row of MCUs. */
  readonly bandRows: number
  /**
   * Yields the picture from top to bottom, as rows of each component. Yields undefined after parts of the work that
   * complete no rows, so that the caller can pause. Throws a CodecError if the file is damaged.
   */
  planes(): Generator<readonly PlaneRows[] | undefined>
  /** Does the same as rows of RGBA. A result is a view of the decoder's memory, valid until the next. */
  rgba(): Generator<Uint8Array | undefined>
}

/** Where a component is in memory. Sizes are in samples at the chosen scale. */
interface Component {
  readonly across: number
  readonly down: number
  /** Samples that are decoded for each side of a block. */
  readonly side: BlockSide
  /** Samples of the picture for each sample of the component. */
  readonly ratio: Extent
  readonly width: number
  readonly height: number
  /** Blocks that a scan of this component alone contains. */
  readonly ownBlocks: Extent
  /** Blocks of a row of whole MCUs. */
  readonly blocksAcross: number
  readonly stride: number
  /** Rows of samples in a row of MCUs. */
  readonly bandRows: number
  readonly quantizer: number
  /** Address of a ring of BANDS bands. */
  readonly plane: number
  /** Address of the records of all blocks; 0 if they are not kept. */
  readonly records: number
  readonly recordBytes: number
  readonly filter: Filter
  /** Address of the list of columns for interpolateRow, and of a row of samples at the picture's full width. */
  readonly columns: number
  readonly fullRow: number
}

/**
 * How a component is brought to the picture's full size: not at all; by interpolation between two columns, two rows or
 * both, in the way of libjpeg; by interpolation at other distances; or by repeating columns, as libjpeg does if there
 * are only one or two.
 */
type Filter = 'none' | 'double' | 'linear' | 'repeat'

/** `ratio`: samples of the picture for each sample of the component. */
function filterOf(ratio: Extent, width: number): Filter {
  if (ratio.across === 1 && ratio.down === 1) return 'none'
  if (ratio.across > 1 && width <= 2) return 'repeat'
  const isDouble = [ratio.across, ratio.down].every((one) => one === 1 || one === 2)
  return isDouble ? 'double' : 'linear'
}

/**
 * Returns the number of samples to decode for each side of a component's blocks. At a smaller scale, a component that has
 * half the size of the picture (chroma with 4:2:0) is decoded at twice the scale, so that it needs no interpolation.
 */
function sideOf({ across, down }: FrameComponent, most: Extent, side: BlockSide): BlockSide {
  const isHalf = most.across === 2 * across && most.down === 2 * down
  return side < 8 && isHalf ? ((2 * side) as BlockSide) : side
}

/** Bands of a plane that are in memory at a time: the one that is converted to RGBA, and its neighbours. */
const BANDS = 3
/**
 * Browsers guess the coefficients at these first places in zig-zag order from neighbouring blocks if scans are missing
 * (libjpeg-turbo's block smoothing). We do not, so such a file counts as damaged and is served as it is.
 */
const SMOOTHED_PLACES = 10
const ALL_BITS = 16
/** Vectors may be read and written beyond the end of a row by fewer than this many bytes. */
const SLACK = 64
const { BYTES_PER_ELEMENT: WORD } = Uint32Array

/**
 * Reads the markers up to the first scan. `module` must be a new instance with zeroed memory. Throws a CodecError if the
 * file is damaged or of a kind that is not decoded.
 */
export function createJpegDecoder(module: JpegDecoderExports, file: Uint8Array, side: BlockSide = 8): JpegDecoder {
  const { frame, color, firstScan, nextScan, isEnded } = readJpegFile(file)
  const most = mostOf(frame)
  const units = unitsOf(frame)
  const width = Math.ceil((frame.width * side) / 8)
  const height = Math.ceil((frame.height * side) / 8)
  const bandHeight = most.down * side
  const keepsCoefficients = !isStreamed(frame, firstScan.components.length)

  const heap = createPlacer(HEAP_AT, SLACK)
  const components = frame.components.map((component, index): Component => {
    const { across, down } = component
    const own = sideOf(component, most, side)
    const samples = samplesOf(frame, component)
    const blocksAcross = units.across * across
    const [stride, bandRows] = [blocksAcross * own, down * own]
    const recordBytes = recordBytesOf(own)
    const ownWidth = Math.ceil((samples.across * own) / 8)
    const ratio = { across: (most.across * side) / (across * own), down: (most.down * side) / (down * own) }
    return {
      across,
      down,
      side: own,
      ratio,
      width: ownWidth,
      height: Math.ceil((samples.down * own) / 8),
      ownBlocks: ownBlocksOf(frame, component),
      blocksAcross,
      stride,
      bandRows,
      quantizer: QUANTIZERS_AT + index * QUANTIZER_BYTES,
      plane: heap.place(BANDS * bandRows * stride),
      records: keepsCoefficients ? heap.place(blocksAcross * units.down * down * recordBytes) : 0,
      recordBytes,
      filter: filterOf(ratio, ownWidth),
      columns: heap.place(WORD * width),
      fullRow: heap.place(2 * width),
    }
  })
  const sumsAt = heap.place(2 * width + SLACK) + SLACK
  const rgbaAt = heap.place(4 * width * bandHeight)
  const fileAt = heap.place(file.length)
  growTo(module.memory, heap.end())
  const bytes = new Uint8Array(module.memory.buffer)
  const words = new Uint32Array(module.memory.buffer)
  bytes.set(file, fileAt)
  for (const one of new Set(components.map((component) => component.side))) setOffsets(bytes, one)
  const setTable = createTableWriter(module.memory)
  const hasQuantizer = components.map(() => false)

  /** Prepares a scan. Returns its number of MCUs. */
  function beginScan(scan: Scan): Extent {
    const kind = kindOf(frame, scan)
    const isAlone = scan.components.length === 1
    for (const [i, { index, dc, ac, steps }] of scan.components.entries()) {
      const component = components[index]
      // A component keeps the table that is valid at its first scan.
      if (!hasQuantizer[index]) {
        if (!steps) throw damaged('no quantisation table')
        setQuantizer(module.memory, component.quantizer, steps, component.side)
        hasQuantizer[index] = true
      }
      const set = (field: keyof typeof COMPONENT, value: number) => {
        words[(COMPONENTS_AT + i * COMPONENT_BYTES + COMPONENT[field]) / WORD] = value
      }
      if (kind === SEQUENTIAL || kind === DC_FIRST) set('dcTable', setTable(2 * i, dc))
      if (kind === SEQUENTIAL || kind === AC_FIRST || kind === AC_REFINING) set('acTable', setTable(2 * i + 1, ac))
      set('quantizer', component.quantizer)
      set('across', isAlone ? 1 : component.across)
      set('down', isAlone ? 1 : component.down)
      set('stride', component.stride)
      set('records', component.records)
      set('recordBytes', component.recordBytes)
      set('recordsStride', component.blocksAcross * component.recordBytes)
      set('side', component.side)
      set('offsets', offsetsOf(component.side))
    }
    const { first, last, low, restartInterval, start } = scan
    const limit = fileAt + file.length
    module.beginScan(fileAt + start, limit, kind, first, last, low, scan.components.length, restartInterval)
    return isAlone ? components[scan.components[0].index].ownBlocks : units
  }

  /** Returns the address of a row of a component's plane, which can be a row that fills up the last MCUs. */
  function addressOf({ plane, bandRows, stride }: Component, row: number): number {
    return plane + (row % (BANDS * bandRows)) * stride
  }

  /** Returns the address of a row of a component; beyond its ends, that of the first or the last row. */
  function rowOf(component: Component, row: number): number {
    return addressOf(component, Math.min(component.height - 1, Math.max(0, row)))
  }

  /** Decodes and draws band after band. Yields a band's number, or undefined after other work. */
  function* drawBands(): Generator<number | undefined> {
    if (!keepsCoefficients) {
      const { across, down } = beginScan(firstScan)
      for (let band = 0; band < down; band++) {
        for (const [i, { index }] of firstScan.components.entries()) {
          const component = components[index]
          const at = COMPONENTS_AT + i * COMPONENT_BYTES + COMPONENT.plane
          words[at / WORD] = addressOf(component, band * component.bandRows)
        }
        if (!module.decodeUnits(band, across, 1)) throw damaged('the data end early, or a code is broken')
        if (band === down - 1 && !module.isWhole()) throw damaged('a broken code')
        yield band
      }
      return
    }
    /** For each component: bits that the scans so far leave out of each coefficient, in zig-zag order. */
    const missing = components.map(() => new Uint8Array(BLOCK_SAMPLES).fill(ALL_BITS))
    let scan: Scan | undefined = firstScan
    while (scan) {
      const { across, down } = beginScan(scan)
      for (let row = 0; row < down; row++) {
        if (!module.decodeUnits(row, across, 0)) throw damaged('the data end early, or a code is broken')
        yield undefined
      }
      if (!module.isWhole()) throw damaged('a broken code')
      const [first, end, low] = frame.isProgressive ? [scan.first, scan.last + 1, scan.low] : [0, BLOCK_SAMPLES, 0]
      for (const { index } of scan.components) missing[index].fill(low, first, end)
      scan = nextScan(module.scanEnd() - fileAt)
    }
    // Scans of high frequencies may be absent on purpose, but then the file has an end.
    const needed = isEnded() ? SMOOTHED_PLACES : BLOCK_SAMPLES
    if (missing.some((bits) => bits.subarray(0, needed).some((count) => count > 0))) throw damaged('scans are missing')
    for (let band = 0; band < units.down; band++) {
      for (const component of components) {
        const { records, recordBytes, blocksAcross, down, quantizer, side: own, stride } = component
        for (let row = band * down; row < (band + 1) * down; row++) {
          const from = records + row * blocksAcross * recordBytes
          const to = addressOf(component, row * own)
          module.drawRecords(from, recordBytes, blocksAcross, quantizer, own, to, stride)
        }
      }
      yield band
    }
  }

  /** Converts rows of the picture to RGBA. The neighbours of these rows must be drawn. Returns a view of memory. */
  function convert(top: number, end: number): Uint8Array {
    const [first, second = first, third = first] = components
    const toRgba = color === 'ycbcr' ? module.ycbcrToRgba : module.rgbToRgba
    for (let y = top; y < end; y++) {
      const to = rgbaAt + 4 * width * (y - top)
      toRgba(fullRowOf(first, y), fullRowOf(second, y), fullRowOf(third, y), width, to)
    }
    return bytes.subarray(rgbaAt, rgbaAt + 4 * width * (end - top))
  }

  /** Returns the address of a component's row `y` at the picture's full size, where it is interpolated if needed. */
  function fullRowOf(component: Component, y: number): number {
    const { filter, ratio, columns, fullRow, width: count } = component
    if (filter === 'none') return rowOf(component, y)
    if (filter === 'repeat') {
      const row = rowOf(component, Math.floor(y / ratio.down))
      module.interpolateRow(row, row, 0, columns, width, fullRow)
      return fullRow
    }
    // Samples lie at the centres of the areas that they stand for.
    const place = (y + 0.5) / ratio.down - 0.5
    const above = Math.floor(place)
    const weight = place - above
    if (filter === 'linear') {
      const [near, far] = [rowOf(component, above), rowOf(component, above + 1)]
      module.interpolateRow(near, far, Math.round(256 * weight), columns, width, fullRow)
      return fullRow
    }
    // The rounding is that of libjpeg-turbo's h2v2, h2v1 and h1v2_fancy_upsample.
    const isMixed = ratio.down > 1
    const isUpper = weight > 0.5
    const near = rowOf(component, isUpper ? above + 1 : above)
    module.mixRows(near, isMixed ? rowOf(component, isUpper ? above : above + 1) : near, count, sumsAt)
    if (ratio.across === 1) module.narrowRow(sumsAt, count, isUpper ? 1 : 2, fullRow)
    else module.spreadRow(sumsAt, count, isMixed ? 8 : 4, isMixed ? 7 : 8, fullRow)
    return fullRow
  }

  return {
    width,
    height,
    bandRows: bandHeight,

    *planes() {
      for (const band of drawBands()) {
        yield band === undefined
          ? undefined
          : components.map((component) => {
              const { bandRows, stride, width: samples, height: ownHeight } = component
              const top = band * bandRows
              const at = addressOf(component, top)
              const rows = Math.max(0, Math.min(bandRows, ownHeight - top))
              return { data: bytes.subarray(at, at + rows * stride), width: samples, stride, rows }
            })
      }
    },

    *rgba() {
      for (const component of components) {
        if (component.filter === 'linear' || component.filter === 'repeat') setColumns(words, component, width)
      }
      for (const band of drawBands()) {
        // The last rows of a band are mixed with the first of the next.
        if (band === undefined || band === 0) yield undefined
        else yield convert((band - 1) * bandHeight, band * bandHeight)
      }
      yield convert((units.down - 1) * bandHeight, height)
    },
  }
}

/** Returns how a scan codes its blocks (G.1.1.1). */
function kindOf({ isProgressive }: Frame, { first, last, high, low, components }: Scan): number {
  if (!isProgressive) return SEQUENTIAL
  const isDc = first === 0
  const isValid = isDc ? last === 0 : last >= first && last < BLOCK_SAMPLES && components.length === 1
  if (!isValid || low > 13 || (high !== 0 && high !== low + 1)) throw damaged('scan parameters')
  if (isDc) return high === 0 ? DC_FIRST : DC_REFINING
  return high === 0 ? AC_FIRST : AC_REFINING
}

/** Returns the index, in a transposed block of side * side coefficients, of the coefficient at a place; -1 if none. */
function transposedIndex(place: number, side: number): number {
  const [row, column] = [ZIGZAG[place] >> 3, ZIGZAG[place] & 7]
  return row < side && column < side ? column * side + row : -1
}

const SIDES: readonly BlockSide[] = [1, 2, 4, 8]

/** Returns the address of the offsets for a side. */
function offsetsOf(side: BlockSide): number {
  return OFFSETS_AT + SIDES.indexOf(side) * BLOCK_SAMPLES
}

/** Writes where a record holds each coefficient. */
function setOffsets(bytes: Uint8Array, side: BlockSide): void {
  for (let place = 0; place < BLOCK_SAMPLES; place++) {
    const index = transposedIndex(place, Math.max(2, side))
    bytes[offsetsOf(side) + place] = index < 0 ? DROPPED : 2 * index
  }
}

/** Writes the factors of the coefficients. Those of the full transform contain its scale factors. */
function setQuantizer({ buffer }: WebAssembly.Memory, at: number, steps: Uint16Array, side: BlockSide): void {
  const factors = new Float32Array(buffer, at, BLOCK_SAMPLES)
  for (const [place, step] of steps.entries()) {
    const index = transposedIndex(place, Math.max(2, side))
    const scale = side === 8 ? AAN_SCALES[ZIGZAG[place] >> 3] * AAN_SCALES[ZIGZAG[place] & 7] : 1
    if (index >= 0) factors[index] = (step * scale) / 8
  }
}

/**
 * Writes, for each column of the picture: the column of the component at its left << 8 | the weight of the next column,
 * in 256ths.
 */
function setColumns(words: Uint32Array, { filter, ratio, columns, width: count }: Component, width: number): void {
  for (let x = 0; x < width; x++) {
    const place =
      filter === 'repeat'
        ? Math.floor(x / ratio.across)
        : Math.min(count - 1, Math.max(0, (x + 0.5) / ratio.across - 0.5))
    const left = Math.floor(place)
    words[columns / WORD + x] = (left << 8) | Math.min(255, Math.round(256 * (place - left)))
  }
}

/** Returns a function that writes a table, unless it is there already, to the place `number`, and returns its address. */
function createTableWriter({ buffer }: WebAssembly.Memory) {
  const written: HuffmanSpec[] = []
  return (number: number, spec: HuffmanSpec | undefined): number => {
    if (!spec) throw damaged('no Huffman table')
    const at = TABLES_AT + number * TABLE_BYTES
    const isDc = number % 2 === 0
    if (written[number] !== spec) writeTable(buffer, at, spec, isDc)
    written[number] = spec
    return at
  }
}

/** Writes a Huffman table in the layout of decoderLayout.ts (C.2). */
function writeTable(buffer: ArrayBuffer, at: number, { counts, symbols }: HuffmanSpec, isDc: boolean): void {
  const short = new Uint16Array(buffer, at + TABLE.short, 2 ** SHORT).fill(0)
  const limits = new Uint32Array(buffer, at + TABLE.limits, MAX_CODE_BITS + 1)
  const offsets = new Int32Array(buffer, at + TABLE.offsets, MAX_CODE_BITS + 1)
  if (isDc && symbols.some((symbol) => symbol > 15)) throw damaged('Huffman table')
  let code = 0
  let index = 0
  for (let bits = 1; bits <= MAX_CODE_BITS; bits++) {
    offsets[bits] = index - code
    for (const end = index + counts[bits - 1]; index < end; index++, code++) {
      if (code >= 1 << bits) throw damaged('Huffman table')
      if (bits > SHORT) continue
      const symbol = symbols[index]
      const from = code << (SHORT - bits)
      short.fill(((bits + (symbol & 15)) << 8) | symbol, from, from + (1 << (SHORT - bits)))
    }
    limits[bits] = code << (MAX_CODE_BITS - bits)
    code <<= 1
  }
  new Uint8Array(buffer, at + TABLE.symbols).set(symbols)
}
