// Colour profiles travel with the pixels, byte for byte: super resolution works on encoded values, so
// the result means the same colours under the same profile. ICC.1:2022, 7.2 (the profile header).

import { concat } from '../base/concat.ts'
import type { Header } from './header.ts'

/** Ten times a big real profile; one of 256 MB deflates to 260 kB. */
const MAX_INFLATED_BYTES = 4 * 2 ** 20

const PROFILE_HEADER_BYTES = 128

/**
 * The colour profile of the file that `header` was read from, as a copy that keeps no part of the
 * file alive. Undefined where there is none, or none that a viewer would apply. Never rejects.
 */
export async function readIcc(header: Header): Promise<Uint8Array | undefined> {
  if (!header.icc) return undefined
  const icc = header.type === 'png' ? await inflate(header.icc) : new Uint8Array(header.icc)
  return icc && icc.length >= PROFILE_HEADER_BYTES && text(icc, 36) === 'acsp' ? icc : undefined
}

/** What the samples of a picture with this profile are: "RGB ", "GRAY", ... */
export function iccColorSpace(icc: Uint8Array): string {
  return text(icc, 16)
}

function text(icc: Uint8Array, at: number): string {
  return String.fromCharCode(...icc.subarray(at, at + 4))
}

/** Inflates a zlib stream; undefined when it is broken or larger than any real profile. */
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
