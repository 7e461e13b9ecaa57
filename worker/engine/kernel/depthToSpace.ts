// Unrolls depth-to-space, the last step of subpixel.as.ts, for each scale. It turns channels into pixels.
import { TILE, VECTOR } from './layout.ts'
import { each, load, store } from './unroll.ts'

/**
 * Returns the source of `depthToSpace{scale}(from, to, tiles, phaseBytes, rowBytes)`, which converts four rows of
 * scale² channels, [channel][4 rows][4 phases][slots], to 4 * scale rows of pixels, `rowBytes` apart. Channel dy *
 * scale + dx contains the pixels at (dx, dy) of each scale x scale block. The function writes whole vectors of tiles.
 */
export function unrollDepthToSpace(scale: number): string {
  // In a row of the result a tile has 4 * scale pixels, one for each phase and dx. They are stored as `scale` vectors
  // of four. Returns code that loads pixel i of vector k for four tiles at a time.
  const stream = (k: number, i: number) => {
    const [phase, dx] = [Math.floor((TILE * k + i) / scale), (TILE * k + i) % scale]
    return load(`at + (${dx * TILE * TILE + phase}) * phaseBytes`)
  }
  const vectors = (k: number) => `{
    ${each(TILE, (i) => `const a${i} = ${stream(k, i)}`)}
    const p0 = zipFirst(a0, a1)
    const p1 = zipFirst(a2, a3)
    const p2 = zipSecond(a0, a1)
    const p3 = zipSecond(a2, a3)
    ${store('pixel', 'joinFirst(p0, p1)', k * VECTOR)}
    ${store('pixel', 'joinSecond(p0, p1)', (scale + k) * VECTOR)}
    ${store('pixel', 'joinFirst(p2, p3)', (2 * scale + k) * VECTOR)}
    ${store('pixel', 'joinSecond(p2, p3)', (3 * scale + k) * VECTOR)}
  }`
  return `
function depthToSpace${scale}(from: usize, to: usize, tiles: usize, phaseBytes: usize, rowBytes: usize): void {
  for (let row: usize = 0; row < ${TILE}; row++) {
    for (let dy: usize = 0; dy < ${scale}; dy++) {
      let at = from + (dy * ${scale * TILE * TILE} + row * ${TILE}) * phaseBytes
      let pixel = to + (row * ${scale} + dy) * rowBytes
      for (let tile: usize = 0; tile < tiles; tile += ${TILE}) {
        ${each(scale, vectors)}
        at += ${VECTOR}
        pixel += ${TILE * VECTOR * scale}
      }
    }
  }
}
`
}
