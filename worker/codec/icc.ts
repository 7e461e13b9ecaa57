// Reads a picture's colour profile. The profile is copied into the result byte for byte. It also describes the colours
// of the result, because the network works on the encoded values. ICC.1:2022, 7.2 (the profile header).

import type { Header } from './header.ts'
import { MAX_ICC_BYTES } from './header/findings.ts'
import { TooComplexError } from './error.ts'
import { iccColorSpace, isReadable, isProfile, profileOf } from './icc/profile.ts'
import { inflateWhole } from './png/inflate.ts'

/** By how many bytes a profile may be larger than its file, because a PNG stores it deflated. */
const MAX_EXCESS_BYTES = 100_000

/**
 * Returns the colour profile of the file that `header` was read from, or undefined if the file has no profile or one
 * that no viewer would apply. `fileBytes` is the length of the file. For a PNG whose chunks describe its colours without
 * a profile, one is made that does the same, so that it can be embedded in any format. The profile is a copy, so that
 * the file's memory can be freed. Rejects with a TooComplexError if the profile is larger than any real one, or much
 * larger than its file.
 */
export async function readIcc(header: Header, fileBytes: number): Promise<Uint8Array | undefined> {
  const { coding, grey, isSampledGrey } = header
  const embedded = await embeddedIn(header, fileBytes)
  if (embedded && (!coding || isReadable(embedded))) {
    return iccColorSpace(embedded) === 'GRAY' && !isSampledGrey ? undefined : embedded
  }
  return coding && profileOf(coding, grey)
}

async function embeddedIn({ type, icc }: Header, fileBytes: number): Promise<Uint8Array | undefined> {
  if (!icc) return undefined
  const maxBytes = Math.min(MAX_ICC_BYTES, fileBytes + MAX_EXCESS_BYTES)
  const profile = type === 'png' ? await inflateWhole(icc, maxBytes) : new Uint8Array(icc)
  if (profile.length > maxBytes) throw new TooComplexError(`a colour profile of more than ${maxBytes} bytes`)
  return isProfile(profile) ? profile : undefined
}
