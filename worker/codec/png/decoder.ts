// Unfilters the inflated rows of a PNG and converts them to RGBA, in WebAssembly (decoder.as.ts). Rows are collected to
// bands, so that calls and results are few.

import { growTo, withoutGlue } from '../instance.ts'
import { createPlacer } from '../placer.ts'
import * as layout from './decoderLayout.ts'
import { damaged, GREY, GREY_ALPHA, PALETTE, type PngFile, RGB, RGB_ALPHA } from './file.ts'

/** Exports of the decoder module. Arguments are addresses and counts. */
export interface PngDecoderExports {
  readonly memory: WebAssembly.Memory
  setPicture(
    kind: number,
    depth: number,
    width: number,
    rowBytes: number,
    pixelBytes: number,
    isKeyed: number,
    above: number,
    current: number,
    narrowed: number,
  ): void
  decodeRows(from: number, rows: number, to: number): number
}

/** Factory for `Instances.stream`. */
export const createPngDecoderModule = withoutGlue<PngDecoderExports>()

/** Samples of a pixel, and how they become RGBA, for each colour type. */
const COLOR_TYPES: Readonly<Record<number, { readonly samples: number; readonly kind: number }>> = {
  [GREY]: { samples: 1, kind: layout.TABLE },
  [RGB]: { samples: 3, kind: layout.RGB },
  [PALETTE]: { samples: 1, kind: layout.TABLE },
  [GREY_ALPHA]: { samples: 2, kind: layout.GREY_ALPHA },
  [RGB_ALPHA]: { samples: 4, kind: layout.RGBA },
}

/** Size in bytes of a band in RGBA. A band has at least one row. */
const BAND_BYTES = 2 ** 17

export interface PngDecoder {
  /**
   * Takes inflated bytes from an index on, and returns the index of the first that is not taken: the end, or that of
   * the next band's first byte.
   */
  take(inflated: Uint8Array, from: number): number
  /**
   * Returns a band if it is complete. It is a view of the decoder's memory, valid until the next bytes are taken.
   * Throws a DamagedError if a row's filter is unknown.
   */
  band(): Uint8Array | undefined
  /** True if the last band was returned. */
  isDone(): boolean
}

function rowBytesOf({ width, depth, colorType }: PngFile): number {
  return Math.ceil((width * COLOR_TYPES[colorType].samples * depth) / 8)
}

/** Returns the number of inflated bytes of a picture without interlacing. */
export function inflatedBytesOf(file: PngFile): number {
  return file.height * (1 + rowBytesOf(file))
}

/** `module` may have decoded another picture before, but not of another file. */
export function createPngDecoder(module: PngDecoderExports, file: PngFile): PngDecoder {
  const { width, height, depth, colorType } = file
  const { samples, kind } = COLOR_TYPES[colorType]
  const rowBytes = rowBytesOf(file)
  const pixelBytes = Math.ceil((samples * depth) / 8)
  const bandRows = Math.min(height, Math.max(1, Math.floor(BAND_BYTES / (4 * width))))

  const heap = createPlacer(layout.HEAP_AT, layout.SLACK)
  const [above, current, narrowed] = [heap.place(rowBytes), heap.place(rowBytes), heap.place(rowBytes)]
  const filteredAt = heap.place(bandRows * (1 + rowBytes))
  const rgbaAt = heap.place(bandRows * 4 * width)
  growTo(module.memory, heap.end())
  const bytes = new Uint8Array(module.memory.buffer)
  bytes.fill(0, above, above + rowBytes)
  setColors(bytes, file)
  setShuffles(bytes, pixelBytes)
  const isKeyed = setKey(bytes, file)
  module.setPicture(kind, depth, width, rowBytes, pixelBytes, isKeyed ? 1 : 0, above, current, narrowed)

  let rowsLeft = height
  let bandBytes = bandRows * (1 + rowBytes)
  let filled = 0
  return {
    take(inflated, from) {
      const end = Math.min(inflated.length, from + bandBytes - filled)
      bytes.set(inflated.subarray(from, end), filteredAt + filled)
      filled += end - from
      return end
    },

    band() {
      if (filled < bandBytes) return undefined
      const rows = Math.min(bandRows, rowsLeft)
      if (!module.decodeRows(filteredAt, rows, rgbaAt)) throw damaged('an unknown filter')
      rowsLeft -= rows
      bandBytes = Math.min(bandRows, rowsLeft) * (1 + rowBytes)
      filled = 0
      return bytes.subarray(rgbaAt, rgbaAt + rows * 4 * width)
    },

    isDone: () => rowsLeft === 0,
  }
}

/** Writes the colours of a palette, or of all greys. A place beyond the palette has its last colour, as in Chromium. */
function setColors(bytes: Uint8Array, { colorType, depth, palette, transparency }: PngFile): void {
  const colors = bytes.subarray(layout.COLORS_AT, layout.COLORS_AT + 4 * 256)
  if (colorType === GREY) {
    const most = 2 ** Math.min(8, depth) - 1
    for (let level = 0; level <= most; level++) {
      const grey = (255 / most) * level
      colors.set([grey, grey, grey, 255], 4 * level)
    }
    if (depth <= 8 && transparency.length > 0 && transparency[1] <= most) colors[4 * transparency[1] + 3] = 0
  }
  if (colorType === PALETTE) {
    const last = Math.floor(palette.length / 3) - 1
    for (let i = 0; i < 256; i++) {
      const from = Math.min(i, last)
      colors.set(palette.subarray(3 * from, 3 * from + 3), 4 * i)
      colors[4 * i + 3] = transparency[from] ?? 255
    }
  }
}

/** Writes the shuffles that add pixels to their right neighbours. */
function setShuffles(bytes: Uint8Array, pixelBytes: number): void {
  const VECTOR = 16
  const last = Math.floor(VECTOR / pixelBytes) * pixelBytes - pixelBytes
  const NOTHING = 255
  for (let i = 0; i < VECTOR; i++) {
    for (const [shuffle, pixels] of [1, 2, 4, 8].entries()) {
      const from = i - pixels * pixelBytes
      bytes[layout.SHUFFLES_AT + shuffle * VECTOR + i] = from < 0 ? NOTHING : from
    }
    bytes[layout.SHUFFLES_AT + 4 * VECTOR + i] = last + (i % pixelBytes)
  }
}

/**
 * Writes the transparent colour if it has to be searched for in the rows. Returns false otherwise. Of a sample with 8
 * bits, only the lower byte counts.
 */
function setKey(bytes: Uint8Array, { colorType, depth, transparency }: PngFile): boolean {
  const isSearched = colorType === RGB || (colorType === GREY && depth === 16)
  if (!isSearched || transparency.length === 0) return false
  const key = depth === 16 ? transparency : transparency.filter((_, i) => i % 2 === 1)
  bytes.set(key, layout.KEY_AT)
  bytes.fill(255, layout.KEY_MASK_AT, layout.KEY_MASK_AT + key.length)
  return true
}
