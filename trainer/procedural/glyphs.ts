// A stroke alphabet: each glyph is polylines on a grid 4 wide and 6 high, `xy` pairs of digits.

/** Strokes of points in units of the glyph's height, x to the right, y down. */
export type Glyph = readonly (readonly (readonly [number, number])[])[]

const STROKES =
  '06 20 46|14 34/00 06 36 45 44 33 03|00 30 41 42 33/41 30 10 01 05 16 36 45/00 06 26 44 42 20 00/40 00 06 46|03 33/40 00 06|03 33/41 30 10 01 05 16 36 45 43 23/00 06|40 46|03 43/10 30|20 26|16 36/40 45 36 16 05/00 06|40 03 46/00 06 46/06 00 23 40 46/06 00 46 40/10 30 41 45 36 16 05 01 10/06 00 30 41 42 33 03/10 30 41 45 36 16 05 01 10|24 46/06 00 30 41 42 33 03|23 46/41 30 10 01 02 13 33 44 45 36 16 05/00 40|20 26/00 05 16 36 45 40/00 26 40/00 16 23 36 40/00 46|40 06/00 23 40|23 26/00 40 06 46/11 20 26|16 36/01 10 30 41 42 06 46/00 40 23 33 44 45 36 16 05/30 04 44|30 36/40 00 02 32 43 45 36 06/40 10 02 05 16 36 45 44 33 03'

export const GLYPHS: readonly Glyph[] = STROKES.split('/').map((glyph) =>
  glyph.split('|').map((stroke) => stroke.split(' ').map(([x, y]) => [Number(x) / 6, Number(y) / 6] as const)),
)
