const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** Returns the SHA-256 as 64 lower-case hexadecimal digits. */
export async function sha256(bytes: Uint8Array): Promise<string> {
  let text = ''
  // oxlint-disable-next-line typescript/no-unnecessary-type-assertion -- needed by the DOM's types (playground/)
  const digest = await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>)
  for (const byte of new Uint8Array(digest)) text += HEX[byte]
  return text
}
