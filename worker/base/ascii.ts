/** Returns the bytes of `text`, whose characters are below 256. */
export function encodeAscii(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (character) => character.charCodeAt(0))
}
