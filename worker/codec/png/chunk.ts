// Chunks of a PNG: https://www.w3.org/TR/png-3/#5Chunk-layout

import { encodeAscii } from '../../base/ascii.ts'
import { crc32 } from '../crc32.ts'

export const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)

/** Returns the parts of a chunk: head, content and checksum. `checksum` saves its computation if it is known. */
export function chunk(type: string, content: readonly Uint8Array[], checksum?: number): Uint8Array[] {
  const head = new Uint8Array(8)
  const length = content.reduce((sum, part) => sum + part.length, 0)
  new DataView(head.buffer).setUint32(0, length)
  head.set(encodeAscii(type), 4)
  const tail = new Uint8Array(4)
  new DataView(tail.buffer).setUint32(0, checksum ?? crc32([head.subarray(4), ...content]))
  return [head, ...content, tail]
}
