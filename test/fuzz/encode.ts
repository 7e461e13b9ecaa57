// Encodes text, integers and parts of files as bytes.
import { concat } from '../../worker/base/concat.ts'

/** Returns one byte for each character of a text. All characters must be below 256. */
export function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0))
}

export const u16le = (value: number) => Uint8Array.of(value, value >>> 8)
export const u16be = (value: number) => Uint8Array.of(value >>> 8, value)
export const u24le = (value: number) => Uint8Array.of(value, value >>> 8, value >>> 16)
export const u32le = (value: number) => Uint8Array.of(value, value >>> 8, value >>> 16, value >>> 24)
export const u32be = (value: number) => Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value)

/** Returns a segment of a JPEG: its marker, its length and its content. */
export function jpegSegment(code: number, content: Uint8Array): Uint8Array {
  return concat([Uint8Array.of(0xff, code), u16be(content.length + 2), content])
}

/** Returns a chunk of a WebP: its type, its length and its data, padded to an even length. */
export function riffChunk(type: string, data: Uint8Array): Uint8Array {
  return concat([latin1(type), u32le(data.length), data, new Uint8Array(data.length % 2)])
}
