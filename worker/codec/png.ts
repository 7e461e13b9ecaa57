// PNG: decodes by rows, reduces an interlaced file to what photon needs, and encodes. Inflate and deflate are the
// platform's own.
// https://www.w3.org/TR/png-3/

import type { Rgba } from '../image/plane.ts'
import { concat } from '../base/concat.ts'
import { crc32 } from './crc32.ts'
import { CodecError } from './error.ts'
import type { Header } from './header.ts'
import { pngChunks, SIGNATURE_BYTES } from './header/png.ts'
import type { Instances } from './instance.ts'
import { createPngDecoder, createPngDecoderModule, type PngDecoderExports } from './png/decoder.ts'
import { readPngFile } from './png/file.ts'
import { inflate } from './png/inflate.ts'
import { fittingIcc, neededSamples, type Samples } from './samples.ts'

/**
 * Yields the pixels of a PNG that is not interlaced, from top to bottom, as bands of whole rows in RGBA with 8 bits. A
 * band is valid until the next one is asked for. The memory needed does not depend on the number of rows. Throws a
 * DamagedError if the file is corrupt or ends early.
 */
export function decodePngRows(
  instances: Instances,
  module: WebAssembly.Module,
  bytes: Uint8Array,
  header: Header,
): AsyncGenerator<Uint8Array, void> {
  return instances.stream(createPngDecoderModule, module, (exports) => bandsOf(exports, bytes, header))
}

async function* bandsOf(
  exports: PngDecoderExports,
  bytes: Uint8Array,
  header: Header,
): AsyncGenerator<Uint8Array, void> {
  const file = readPngFile(bytes)
  if (header.interlaced || file.width !== header.width || file.height !== header.height) {
    const found = `${file.width}x${file.height}`
    throw new CodecError(`decoding png found ${found}, header says ${header.width}x${header.height}, not interlaced`)
  }
  const decoder = createPngDecoder(exports, file)
  for await (const inflated of inflate(file.data, decoder.inflatedBytes)) {
    for (let at = 0; at < inflated.length && !decoder.isDone();) {
      at = decoder.take(inflated, at)
      const band = decoder.band()
      if (band) yield band
    }
    // What follows the last row is not even inflated, so it may be damaged.
    if (decoder.isDone()) return
  }
}

const PICTURE_CHUNKS = new Set(['IHDR', 'PLTE', 'tRNS', 'IDAT'])

/** Returns the file with only its picture chunks, because photon would inflate a profile or text of any size. */
export function plainPng(bytes: Uint8Array): Uint8Array {
  const parts = [bytes.subarray(0, SIGNATURE_BYTES)]
  for (const { type, whole } of pngChunks(bytes)) {
    if (type === 'IEND') break
    if (PICTURE_CHUNKS.has(type)) parts.push(whole)
  }
  return concat([...parts, ...chunk('IEND', [])])
}

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)

/**
 * Size in bytes of a band, i.e. of the filtered rows that are passed to deflate together. This limits the memory needed
 * in addition to the picture.
 */
const BAND_BYTES = 2 ** 18

/** Encodes a picture as 8-bit grey or RGB, with alpha if some pixel is not opaque. */
export async function encodePng(picture: Rgba, icc: Uint8Array | undefined): Promise<Uint8Array> {
  const samples = neededSamples(picture, icc)
  const profile = fittingIcc(icc, samples.grey)
  const header = new Uint8Array(13)
  const view = new DataView(header.buffer)
  view.setUint32(0, picture.width)
  view.setUint32(4, picture.height)
  header[8] = 8 // bits a sample
  header[9] = (samples.grey ? 0 : 2) + (samples.alpha ? 4 : 0)
  const parts = [SIGNATURE, ...chunk('IHDR', [header])]
  if (profile) parts.push(...chunk('iCCP', [ICC_NAME, ...(await deflate([profile.slice()]))]))
  parts.push(...chunk('IDAT', await deflate(filteredBands(picture, samples))), ...chunk('IEND', []))
  return concat(parts)
}

/** The name "ICC", its terminating zero, and compression method 0. */
const ICC_NAME = Uint8Array.of(0x49, 0x43, 0x43, 0, 0)

/**
 * The filter for all rows. Choosing the best filter for each row (least sum of magnitudes) would save 0.5 % of the
 * bytes but take 20 % more time.
 */
const PAETH = 4

/** Yields bands of filtered rows in the file's sample layout. Each row begins with the number of its filter. */
function* filteredBands({ width, height, data }: Rgba, { grey, alpha }: Samples): Generator<Uint8Array<ArrayBuffer>> {
  const stride = (grey ? 1 : 3) + (alpha ? 1 : 0)
  const rowBytes = width * stride
  let row = new Uint8Array(rowBytes)
  let above = new Uint8Array(rowBytes)
  const bandRows = Math.max(1, Math.floor(BAND_BYTES / (rowBytes + 1)))
  for (let top = 0; top < height; top += bandRows) {
    const rows = Math.min(bandRows, height - top)
    const band = new Uint8Array(rows * (rowBytes + 1))
    for (let y = 0; y < rows; y++) {
      const pixels = data.subarray((top + y) * width * 4, (top + y + 1) * width * 4)
      const swap = above
      above = row
      row = swap
      packRow(pixels, row, grey, alpha)
      const at = y * (rowBytes + 1)
      band[at] = PAETH
      filterPaeth(row, above, stride, band.subarray(at + 1, at + 1 + rowBytes))
    }
    yield band
  }
}

function packRow(pixels: Uint8Array | Uint8ClampedArray, row: Uint8Array, grey: boolean, alpha: boolean) {
  let to = 0
  for (let i = 0; i < pixels.length; i += 4) {
    row[to++] = pixels[i]!
    if (!grey) {
      row[to++] = pixels[i + 1]!
      row[to++] = pixels[i + 2]!
    }
    if (alpha) row[to++] = pixels[i + 3]!
  }
}

/**
 * Subtracts from each byte of `row` its left, upper or upper-left neighbour, as the Paeth filter chooses. Writes the
 * differences to `out`.
 */
function filterPaeth(row: Uint8Array, above: Uint8Array, stride: number, out: Uint8Array): void {
  for (let i = 0; i < row.length; i++) {
    const left = i < stride ? 0 : row[i - stride]
    const up = above[i]
    const corner = i < stride ? 0 : above[i - stride]
    const toLeft = Math.abs(up - corner)
    const toUp = Math.abs(left - corner)
    const toCorner = Math.abs(left + up - 2 * corner)
    const best = toLeft <= toUp && toLeft <= toCorner ? left : toUp <= toCorner ? up : corner
    out[i] = row[i] - best
  }
}

/** Compresses all parts into one zlib stream and returns its pieces. */
async function deflate(parts: Iterable<Uint8Array<ArrayBuffer>>): Promise<Uint8Array[]> {
  const stream = new CompressionStream('deflate')
  const writer = stream.writable.getWriter()
  const write = async () => {
    for (const part of parts) await writer.write(part)
    await writer.close()
  }
  const [pieces] = await Promise.all([collect(stream.readable), write()])
  return pieces
}

async function collect(stream: ReadableStream<Uint8Array>): Promise<Uint8Array[]> {
  const pieces: Uint8Array[] = []
  const reader = stream.getReader()
  for (;;) {
    const { value, done } = await reader.read()
    if (done) return pieces
    pieces.push(value)
  }
}

/** Returns the parts of a chunk: head, content and checksum. */
function chunk(type: string, content: readonly Uint8Array[]): Uint8Array[] {
  const head = new Uint8Array(8)
  const length = content.reduce((sum, part) => sum + part.length, 0)
  new DataView(head.buffer).setUint32(0, length)
  for (let i = 0; i < 4; i++) head[4 + i] = type.charCodeAt(i)
  const checksum = new Uint8Array(4)
  new DataView(checksum.buffer).setUint32(0, crc32([head.subarray(4), ...content]))
  return [head, ...content, checksum]
}
