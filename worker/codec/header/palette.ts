/** True if every colour of a palette is a grey. Entries have `stride` bytes, of which the first three are colour. */
export function isGreyPalette(palette: Uint8Array, stride: 3 | 4): boolean {
  for (let i = 0; i + 2 < palette.length; i += stride) {
    if (palette[i] !== palette[i + 1] || palette[i] !== palette[i + 2]) return false
  }
  return palette.length > 0
}
