// Cuts the work of codecs into turns, between which other requests can run.
import { pause } from '../base/pause.ts'
import type { Pixels, Rows } from '../image/rows.ts'

/** Pixels of a turn: one to three milliseconds of work for JPEG, eight for PNG. */
export const PIXELS_PER_TURN = 2 ** 18

/** Yields the rows in parts of at most PIXELS_PER_TURN, or one row, with a pause after each such number of pixels. */
export async function* inTurns(bands: Rows['bands'], width: number): AsyncGenerator<Pixels, void> {
  const rowBytes = 4 * width
  const partBytes = rowBytes * Math.max(1, Math.floor(PIXELS_PER_TURN / width))
  let sinceTurn = 0
  for await (const band of bands) {
    for (let at = 0; at < band.length; at += partBytes) {
      const part = band.subarray(at, at + partBytes)
      yield part
      sinceTurn += part.length
      if (sinceTurn < partBytes) continue
      sinceTurn = 0
      await pause()
    }
  }
}
