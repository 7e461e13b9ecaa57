// Encodes a PNG whose rows come in from top to bottom. Filters, deflate and checksums run in WebAssembly (encoder.as.ts),
// whose memory holds two rows, deflate's window, and the tokens of one block. README.md in worker/codec has the figures.

import { concat } from '../../base/concat.ts'
import { release } from '../../base/release.ts'
import { CodecError } from '../error.ts'
import { growTo, withoutGlue } from '../instance.ts'
import type { Samples } from '../samples.ts'
import { encodeAscii } from '../../base/ascii.ts'
import { chunk, SIGNATURE } from './chunk.ts'
import { OUTPUT_AT, ROWS_AT } from './encoderLayout.ts'

/** Exports of the encoder module. Arguments are addresses, and numbers of pixels and bytes. */
export interface PngEncoderExports {
  readonly memory: WebAssembly.Memory
  filterRow(rgba: number, width: number, stride: number, row: number, above: number, to: number): void
  initCrc(): void
  crcOf(from: number, end: number, crc: number): number
  startDeflate(): void
  deflate(from: number, end: number): number
  finishDeflate(): number
  takeOutput(): number
}

/** Factory for `Instances.run`. */
export const createPngEncoderModule = withoutGlue<PngEncoderExports>()

/** PNG allows no larger side, in pixels. */
const MAX_SIDE = 2 ** 31 - 1

export interface PngSettings extends Samples {
  readonly width: number
  readonly height: number
  /** Colour profile for the samples that are stored, embedded byte for byte. */
  readonly icc?: Uint8Array | undefined
}

/** Takes a picture's rows and returns its file. Methods throw a CodecError for too many or too few rows. */
export interface PngEncoder {
  /**
   * Takes any number of rows of RGBA. A grey picture gets its samples from red; without alpha, it is left out.
   */
  takeRgba(pixels: Uint8Array | Uint8ClampedArray): void
  /** Returns the file. */
  finish(): Uint8Array
}

/** Space before and behind a row: filters read whole vectors. */
const PADDING = 16

/** Creates an encoder. `module` must be a new instance with zeroed memory. Throws a CodecError if a side is too long. */
export function createPngEncoder(module: PngEncoderExports, settings: PngSettings): PngEncoder {
  const { width, height, grey, alpha, icc } = settings
  if (width > MAX_SIDE || height > MAX_SIDE)
    throw new CodecError(`PNG allows at most ${MAX_SIDE} pixels a side, got ${width}x${height}`)
  const stride = (grey ? 1 : 3) + (alpha ? 1 : 0)
  const rowBytes = stride * width
  let end = ROWS_AT
  const place = (bytes: number): number => {
    const at = end + PADDING
    end = at + Math.ceil(bytes / PADDING) * PADDING + PADDING
    return at
  }
  const rgbaAt = place(4 * width)
  let row = place(rowBytes)
  let above = place(rowBytes)
  const filteredAt = place(1 + rowBytes)
  growTo(module.memory, end)
  const memory = new Uint8Array(module.memory.buffer)
  module.initCrc()
  let crc = ~0

  const parts: Uint8Array[] = [SIGNATURE, ...chunk('IHDR', [headerOf(settings)])]
  if (icc) parts.push(...chunk('iCCP', [ICC_NAME, ...deflated(icc)]))
  const data: Uint8Array[] = []
  memory.set(encodeAscii('IDAT'), filteredAt) // the checksum begins with the type
  crc = module.crcOf(filteredAt, filteredAt + 4, ~0)
  let rowsTaken = 0
  module.startDeflate()

  /** Returns the compressed bytes of the last block, if any. */
  function output(): Uint8Array[] {
    const outputEnd = module.takeOutput()
    if (outputEnd === OUTPUT_AT) return []
    crc = module.crcOf(OUTPUT_AT, outputEnd, crc)
    return [memory.slice(OUTPUT_AT, outputEnd)]
  }

  /** Compresses bytes of the memory and appends whole blocks to `to`. */
  function deflate(from: number, until: number, to: Uint8Array[]): void {
    for (let at = from; at < until;) {
      at = module.deflate(at, until)
      to.push(...output())
    }
  }

  function finishDeflate(to: Uint8Array[]): void {
    for (let isComplete = false; !isComplete;) {
      isComplete = module.finishDeflate() !== 0
      to.push(...output())
    }
  }

  /** Returns a zlib stream of `bytes`. */
  function deflated(bytes: Uint8Array): Uint8Array[] {
    const stream: Uint8Array[] = []
    const portion = 4 * width
    module.startDeflate()
    for (let at = 0; at < bytes.length; at += portion) {
      const part = bytes.subarray(at, at + portion)
      memory.set(part, rgbaAt)
      deflate(rgbaAt, rgbaAt + part.length, stream)
    }
    finishDeflate(stream)
    return stream
  }

  return {
    takeRgba(pixels) {
      if (pixels.length % (4 * width) !== 0) throw new CodecError(`expected whole rows of ${width} pixels`)
      for (let at = 0; at < pixels.length; at += 4 * width) {
        if (++rowsTaken > height) throw new CodecError(`expected ${height} rows, got more`)
        memory.set(pixels.subarray(at, at + 4 * width), rgbaAt)
        module.filterRow(rgbaAt, width, stride, row, above, filteredAt)
        deflate(filteredAt, filteredAt + 1 + rowBytes, data)
        const swap = above
        above = row
        row = swap
      }
    },

    finish() {
      if (rowsTaken < height) throw new CodecError(`expected ${height} rows, got ${rowsTaken}`)
      finishDeflate(data)
      const file = concat([...parts, ...chunk('IDAT', data, ~crc >>> 0), ...chunk('IEND', [])])
      release(...data)
      return file
    },
  }
}

/** The name "ICC", its terminating zero, and compression method 0. */
const ICC_NAME = Uint8Array.of(0x49, 0x43, 0x43, 0, 0)

/** Returns the content of IHDR: the size, 8 bits a sample, and the layout of the samples. */
function headerOf({ width, height, grey, alpha }: PngSettings): Uint8Array {
  const header = new Uint8Array(13)
  const view = new DataView(header.buffer)
  view.setUint32(0, width)
  view.setUint32(4, height)
  header[8] = 8
  header[9] = (grey ? 0 : 2) + (alpha ? 4 : 0)
  return header
}
