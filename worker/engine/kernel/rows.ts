// Blocks that move rows between pixels side by side and [4 phases][tiles]: a transpose of 4x4 each.
import { TILE, VECTOR } from './layout.ts'
import { each, load, store } from './source.ts'

/** Four vectors a0 .. a3 transposed into names b0 .. b3. */
export const TRANSPOSE = `
const p0 = i8x16.shuffle(a0, a1, 0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23)
const p1 = i8x16.shuffle(a2, a3, 0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23)
const p2 = i8x16.shuffle(a0, a1, 8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31)
const p3 = i8x16.shuffle(a2, a3, 8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31)
const b0 = i8x16.shuffle(p0, p1, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23)
const b1 = i8x16.shuffle(p0, p1, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31)
const b2 = i8x16.shuffle(p2, p3, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23)
const b3 = i8x16.shuffle(p2, p3, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31)
`

/** `function name(from, to, slots)`: a row of pixels into phases; slots are a multiple of 4. */
export function deinterleave(name: string, phaseBytes: number | string): string {
  return `
function ${name}(from: usize, to: usize, slots: usize): void {
  for (const end = to + slots * ${TILE}; to < end; to += ${VECTOR}) {
    ${each(TILE, (i) => `const a${i} = ${load('from', i * VECTOR)}`)}
    ${TRANSPOSE}
    ${each(TILE, (p) => (typeof phaseBytes === 'number' ? store('to', `b${p}`, p * phaseBytes) : store(`to + ${p} * ${phaseBytes}`, `b${p}`)))}
    from += ${TILE * VECTOR}
  }
}
`
}

/**
 * `function name(from, to, slots, bias)`: phases into a row of pixels. What was read is set back to the
 * bias: the next sums start there.
 */
export function interleave(name: string, phaseBytes: number): string {
  return `
function ${name}(from: usize, to: usize, slots: usize, bias: v128): void {
  for (const end = from + slots * ${TILE}; from < end; from += ${VECTOR}) {
    ${each(
      TILE,
      (p) => `const a${p} = ${load('from', p * phaseBytes)}
    ${store('from', 'bias', p * phaseBytes)}`,
    )}
    ${TRANSPOSE}
    ${each(TILE, (i) => store('to', `b${i}`, i * VECTOR))}
    to += ${TILE * VECTOR}
  }
}
`
}

/**
 * `function name(from, to, slots)`: adds to a row of sums the row of the padded input that lies
 * \`halo\` pixels right of it.
 */
export function addInput(name: string, phaseBytes: number, halo: number): string {
  return `
function ${name}(from: usize, to: usize, slots: usize): void {
  for (const end = to + slots * ${TILE}; to < end; to += ${VECTOR}) {
    ${each(TILE, (p) => {
      const x = p + halo
      const input = load('from', (x % TILE) * phaseBytes + (x >> 2) * TILE)
      return store('to', `add(${load('to', p * phaseBytes)}, ${input})`, p * phaseBytes)
    })}
    from += ${VECTOR}
  }
}
`
}

/**
 * `function name(from, to, tiles, phaseBytes, rowBytes)`: four rows of scale² channels, [channel][4 rows][4
 * phases][slots], into 4 * scale rows of pixels that are `rowBytes` apart: channel dy * scale + dx has the
 * pixels at (dx, dy) of each block. Writes whole vectors of tiles.
 */
export function depthToSpace(name: string, scale: number): string {
  // Along a row of the result a tile has 4 phases of `scale` channels, which four at a time make a vector.
  const stream = (k: number, i: number) => {
    const [phase, dx] = [Math.floor((TILE * k + i) / scale), (TILE * k + i) % scale]
    return load(`at + (${dx * TILE * TILE + phase}) * phaseBytes`)
  }
  return `
function ${name}(from: usize, to: usize, tiles: usize, phaseBytes: usize, rowBytes: usize): void {
  for (let row: usize = 0; row < ${TILE}; row++) {
    for (let dy: usize = 0; dy < ${scale}; dy++) {
      let at = from + (dy * ${scale * TILE * TILE} + row * ${TILE}) * phaseBytes
      let pixel = to + (row * ${scale} + dy) * rowBytes
      for (let tile: usize = 0; tile < tiles; tile += ${TILE}) {
        ${each(
          scale,
          (k) => `{
        ${each(TILE, (i) => `const a${i} = ${stream(k, i)}`)}
        ${TRANSPOSE}
        ${each(TILE, (i) => store('pixel', `b${i}`, (i * scale + k) * VECTOR))}
        }`,
        )}
        at += ${VECTOR}
        pixel += ${TILE * VECTOR * scale}
      }
    }
  }
}
`
}
