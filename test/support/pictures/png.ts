// Builds PNG chunks with valid checksums and inserts them into files.
import { concat } from '../../../worker/base/concat.ts'
import { crc32 } from '../../../worker/codec/crc32.ts'
import { pngChunks, SIGNATURE_BYTES } from '../../../worker/codec/header/png.ts'

export function pngChunk(type: string, data: Uint8Array): Uint8Array {
  const head = new Uint8Array(8)
  new DataView(head.buffer).setUint32(0, data.length)
  head.set(new TextEncoder().encode(type), 4)
  const checksum = new Uint8Array(4)
  new DataView(checksum.buffer).setUint32(0, crc32([head.subarray(4), data]))
  return concat([head, data, checksum])
}

/** Returns the file with `chunks` inserted before the first chunk of type `before`. */
export function withChunks(png: Uint8Array, before: string, chunks: readonly Uint8Array[]): Uint8Array {
  const parts = [png.subarray(0, SIGNATURE_BYTES)]
  let isIn = false
  for (const { type, whole } of pngChunks(png)) {
    if (type === before && !isIn) parts.push(...chunks)
    isIn ||= type === before
    parts.push(whole)
  }
  return concat(parts)
}

/** Returns the numbers as bytes, each as a big-endian 32-bit word. */
export function words(...values: number[]): Uint8Array {
  const bytes = new Uint8Array(4 * values.length)
  const view = new DataView(bytes.buffer)
  for (const [i, value] of values.entries()) view.setUint32(4 * i, value)
  return bytes
}

/** Returns a chunk with a wrong checksum. */
export function miscounted(chunk: Uint8Array): Uint8Array {
  return chunk.map((byte, i) => (i === chunk.length - 1 ? byte ^ 1 : byte))
}
