// Writes small BMP files of the kinds that the header reader distinguishes.
import type { Rgba } from '../../../worker/image/plane.ts'

const FILE_HEADER = 14

function frame(infoBytes: number, palette: Uint8Array, pixels: Uint8Array): [Uint8Array, DataView] {
  const pixelsAt = FILE_HEADER + infoBytes + palette.length
  const file = new Uint8Array(pixelsAt + pixels.length)
  const view = new DataView(file.buffer)
  file.set([0x42, 0x4d])
  view.setUint32(2, file.length, true)
  view.setUint32(10, pixelsAt, true)
  view.setUint32(14, infoBytes, true)
  file.set(palette, FILE_HEADER + infoBytes)
  file.set(pixels, pixelsAt)
  return [file, view]
}

/**
 * Writes a BMP of 24 bits per pixel with a BITMAPINFOHEADER. The lowest row comes first, except if `topDown` is true.
 */
export function bmp24({ width, height, data }: Rgba, topDown = false): Uint8Array {
  const rowBytes = Math.ceil((width * 3) / 4) * 4
  const pixels = new Uint8Array(rowBytes * height)
  for (let y = 0; y < height; y++) {
    const row = (topDown ? y : height - 1 - y) * rowBytes
    for (let x = 0; x < width; x++) {
      const [r, g, b] = data.subarray((y * width + x) * 4)
      pixels.set([b, g, r], row + 3 * x)
    }
  }
  const [file, view] = frame(40, new Uint8Array(), pixels)
  view.setInt32(18, width, true)
  view.setInt32(22, topDown ? -height : height, true)
  view.setUint16(26, 1, true)
  view.setUint16(28, 24, true)
  return file
}

/**
 * Writes a BMP of 8 bits per pixel. The red level of a pixel is its index into the palette. `palette` returns the RGB
 * of an index.
 */
export function bmp8(
  { width, height, data }: Rgba,
  palette: (index: number) => readonly [number, number, number],
): Uint8Array {
  const rowBytes = Math.ceil(width / 4) * 4
  const pixels = new Uint8Array(rowBytes * height)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      pixels[(height - 1 - y) * rowBytes + x] = data[(y * width + x) * 4]!
    }
  }
  const colors = new Uint8Array(4 * 256)
  for (let i = 0; i < 256; i++) colors.set(palette(i).toReversed(), 4 * i)
  const [file, view] = frame(40, colors, pixels)
  view.setInt32(18, width, true)
  view.setInt32(22, height, true)
  view.setUint16(26, 1, true)
  view.setUint16(28, 8, true)
  return file
}
