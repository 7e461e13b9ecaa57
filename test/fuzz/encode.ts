// Encodes text and integers as bytes.

/** Returns one byte for each character of a text. All characters must be below 256. */
export function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0))
}

export const u16le = (value: number) => Uint8Array.of(value, value >>> 8)
export const u16be = (value: number) => Uint8Array.of(value >>> 8, value)
export const u24le = (value: number) => Uint8Array.of(value, value >>> 8, value >>> 16)
export const u32le = (value: number) => Uint8Array.of(value, value >>> 8, value >>> 16, value >>> 24)
export const u32be = (value: number) => Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value)
