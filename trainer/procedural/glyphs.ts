// An alphabet of strokes: each glyph is a set of polylines on a grid of 4 x 6 steps. Each pair of digits is a point: x,
// then y.

/**
 * A glyph as a list of strokes. A stroke is a list of points (x, y) in units of the glyph's height: x to the right, y
 * down.
 */
export type Glyph = readonly (readonly (readonly [number, number])[])[]

/** One glyph per line. `|` separates strokes. */
const STROKES = [
  '06 20 46|14 34', // A
  '00 06 36 45 44 33 03|00 30 41 42 33', // B
  '41 30 10 01 05 16 36 45', // C
  '00 06 26 44 42 20 00', // D
  '40 00 06 46|03 33', // E
  '40 00 06|03 33', // F
  '41 30 10 01 05 16 36 45 43 23', // G
  '00 06|40 46|03 43', // H
  '10 30|20 26|16 36', // I
  '40 45 36 16 05', // J
  '00 06|40 03 46', // K
  '00 06 46', // L
  '06 00 23 40 46', // M
  '06 00 46 40', // N
  '10 30 41 45 36 16 05 01 10', // O
  '06 00 30 41 42 33 03', // P
  '10 30 41 45 36 16 05 01 10|24 46', // Q
  '06 00 30 41 42 33 03|23 46', // R
  '41 30 10 01 02 13 33 44 45 36 16 05', // S
  '00 40|20 26', // T
  '00 05 16 36 45 40', // U
  '00 26 40', // V
  '00 16 23 36 40', // W
  '00 46|40 06', // X
  '00 23 40|23 26', // Y
  '00 40 06 46', // Z
  '11 20 26|16 36', // 1
  '01 10 30 41 42 06 46', // 2
  '00 40 23 33 44 45 36 16 05', // 3
  '30 04 44|30 36', // 4
  '40 00 02 32 43 45 36 06', // 5
  '40 10 02 05 16 36 45 44 33 03', // 6
]

export const GLYPHS: readonly Glyph[] = STROKES.map((glyph) =>
  glyph.split('|').map((stroke) => stroke.split(' ').map(([x, y]) => [Number(x) / 6, Number(y) / 6] as const)),
)
