// Reads a picture's colour profile. The profile is copied into the result byte for byte. It also describes the colours
// of the result, because the network works on the encoded values. ICC.1:2022, 7.2 (the profile header).

import { concat } from '../base/concat.ts'
import type { Header } from './header.ts'

/**
 * Limit on the size of an inflated profile in bytes, ten times the size of a large real profile. Without a limit, a
 * chunk of 260 kB could inflate to 256 MB.
 */
const MAX_INFLATED_BYTES = 4 * 2 ** 20

const PROFILE_HEADER_BYTES = 128

/**
 * Returns the colour profile of the file that `header` was read from, or undefined if the file has no profile or one
 * that no viewer would apply. The profile is a copy, so that the file's memory can be freed. Never rejects.
 */
export async function readIcc(header: Header): Promise<Uint8Array | undefined> {
  if (!header.icc) return undefined
  const icc = header.type === 'png' ? await inflate(header.icc) : new Uint8Array(header.icc)
  return icc && icc.length >= PROFILE_HEADER_BYTES && text(icc, 36) === 'acsp' ? icc : undefined
}

/** Returns the colour space that a profile describes: "RGB ", "GRAY", ... */
export function iccColorSpace(icc: Uint8Array): string {
  return text(icc, 16)
}

function text(icc: Uint8Array, at: number): string {
  return String.fromCharCode(...icc.subarray(at, at + 4))
}

/** Inflates a zlib stream. Returns undefined if the stream is corrupt or larger than any real profile. */
async function inflate(deflated: Uint8Array): Promise<Uint8Array | undefined> {
  const parts: Uint8Array[] = []
  let length = 0
  const inflated = new Blob([deflated as Uint8Array<ArrayBuffer>])
    .stream()
    .pipeThrough(new DecompressionStream('deflate'))
  const reader = inflated.getReader()
  try {
    for (;;) {
      const { value, done } = await reader.read()
      if (done) return concat(parts)
      length += value.length
      if (length > MAX_INFLATED_BYTES) {
        await reader.cancel()
        return undefined
      }
      parts.push(value)
    }
  } catch {
    return undefined
  }
}
