// The kernel of vectorEnlarger.ts: bicubic enlarging by 2, 3 or 4 and the way back to RGBA, row by row.
//
//   small rows of Y ─ centre, spread ──▶ ring of 4 rows ─ blend ─▶ luma row, or as a network made it
//   small rows of Cb, Cr ─ mix, spread ─▶ ring of 4 rows ───────────────────┴─ merge ─▶ RGBA row
//
// A row is made wider before it is made taller, as in resize.ts: the ring then holds whole rows, and a
// row of the result is a sum of four of them with one weight each. The four are just those in the ring, so
// that it is the weights that turn, and every address is x and a constant. Weights come from resize.ts.
//
// The ladder. Times are ns a pixel of the result for a merge with luma given, x3 to 1536² in tiles of 384²,
// copies in and out included; Node 20 (V8 11.3), one thread of an AMD EPYC (Zen 4), the best of 25 to 80
// rounds. The first and the last line are of a quiet machine, between them it was busy; beside them what
// the function merge alone takes without that step, on the quiet one.
//
//                                                                               ns   speed   alone
//   TypeScript: planes of chroma for each tile, then mergeYCbCr               28.3    1.0x
//   rows through a ring, 3x3 matrix, i32x4.trunc_sat(f32x4.nearest())          2.7     10x
//   + bytes by adding 2^23 to what is clamped, put beside each other by shifts 2.4     12x    1.25
//   + differences of red and blue made wider instead of Cb and Cr              1.7     16x    1.05
//   + sums in pairs                                                            1.5     19x    0.83
//                                                                                             0.80
// Enlarging one plane: 5.6 ns, here 0.6. Bicubic luma instead of a given row makes 1.5 of the merge 1.7,
// alpha 1.9. With checked bounds, as in workerd, all of it takes 0 to 10 % longer. What is left of 1.5 is
// rows in and out: half of it.
//
// Taken out again: strips of 256 (1.3x slower) or 1024 instead of 512 (the same), Binaryen at -O3 (the
// same). Centred luma costs nothing that can be measured, and brings the largest error from 2.3e-7 to
// 1.8e-7. Not tried: rows of x3 that lie on small rows, whose weights are 0 1 0 0, without the other three;
// relaxed SIMD, which would save 8 of some 50 operations for 4 pixels.
import {
  AT,
  PHASE_WEIGHTS,
  REACH,
  ROW_BYTES,
  SCALE_WEIGHTS,
  SCALES,
  SLOT_BYTES,
  SMALL_BYTES,
  TAPS,
} from './pictureLayout.ts'
import { phasesOf } from '../../image/resize.ts'
import { TILE, VECTOR } from './layout.ts'
import { TRANSPOSE } from './rows.ts'
import { arithmetic, each, load, loadSplat, store } from './source.ts'

/** Of luma. */
const MIDDLE = 0.5

/** Vectors a0 .. of one phase each into b0 .., pixels side by side. */
const INTERLEAVE: Readonly<Record<number, string>> = {
  2: `
const b0 = v128.shuffle<f32>(a0, a1, 0, 4, 1, 5)
const b1 = v128.shuffle<f32>(a0, a1, 2, 6, 3, 7)`,
  3: `
const b0 = v128.shuffle<f32>(v128.shuffle<f32>(a0, a1, 0, 4, 1, 1), a2, 0, 1, 4, 2)
const b1 = v128.shuffle<f32>(v128.shuffle<f32>(a1, a2, 1, 5, 2, 2), a0, 0, 1, 6, 2)
const b2 = v128.shuffle<f32>(v128.shuffle<f32>(a2, a0, 2, 7, 3, 3), a1, 0, 1, 7, 2)`,
  4: TRANSPOSE,
}

/** `function spread{scale}(from, to, vectors)`: a small row, so many vectors of it, made wider. */
function spread(scale: (typeof SCALES)[number]): string {
  const weights = AT.weights + (scale - SCALES[0]) * SCALE_WEIGHTS * TILE
  const sum = (phase: number, first: number) => sumOf((tap) => `mul(w${phase}${tap}, d${REACH + first + tap})`)
  return `
export function spread${scale}(from: usize, to: usize, vectors: usize): void {
  for (const end = from + vectors * ${VECTOR}; from < end; from += ${VECTOR}) {
    ${each(2 * REACH + 1, (i) => `const d${i} = ${load('from', i * TILE)}`)}
    ${phasesOf(scale)
      .map(
        ({ first }, phase) => `
    ${each(TAPS, (tap) => `const w${phase}${tap} = v128.load_splat<f32>(${weights + (phase * PHASE_WEIGHTS + tap) * TILE})`)}
    const a${phase} = ${sum(phase, first)}`,
      )
      .join('')}
    ${INTERLEAVE[scale]}
    ${each(scale, (i) => store('to', `b${i}`, i * VECTOR))}
    to += ${scale * VECTOR}
  }
}
`
}

/** In pairs, which wait for each other less than one after another would. */
function sumOf(product: (tap: number) => string): string {
  return `add(add(${product(0)}, ${product(1)}), add(${product(2)}, ${product(3)}))`
}

const WEIGHTS = each(TAPS, (slot) => `const w${slot} = ${loadSplat('weights', slot * TILE)}`)

/** Of a plane at x. */
const tall = (plane: number) =>
  sumOf((slot) => `mul(w${slot}, ${load('x', AT.ring + slot * SLOT_BYTES + plane * ROW_BYTES)})`)

/** The names for constant vectors, loaded before a loop. */
const CONSTANTS = `
const yOffset = v128.load(${AT.yOffset})
const scale = v128.load(${AT.luma})
const greenU = v128.load(${AT.green})
const greenV = v128.load(${AT.green + VECTOR})
const most = f32x4.splat(255)
const magic = f32x4.splat(8388608)`

/** 2^23 and the byte nearest to it, ties to even: a float from there on has no fraction. NaN is 0. */
const byte = (value: string) => `add(f32x4.pmin(most, f32x4.pmax(f32x4.splat(0), ${value})), magic)`

/**
 * `function name(weights, from, to)`: the luma row and the ring's differences to RGBA. The bits of three
 * bytes as above, shifted, fall beside each other; those of 2^23 are shifted out, or lie under alpha.
 */
function merge(name: string, isOpaque: boolean): string {
  const premultiplied = (value: string) => (isOpaque ? value : `mul(k, ${value})`)
  return `
export function ${name}(weights: usize, from: usize, to: usize): void {
  ${WEIGHTS}
  ${CONSTANTS}
  for (let x = from; x < to; x += ${VECTOR}) {
    ${
      isOpaque
        ? ''
        : `
    const opacity = ${load('x', AT.opacityRow)}
    const k = v128.and(f32x4.gt(opacity, v128.load(${AT.invisible})), f32x4.div(f32x4.splat(1), opacity))`
    }
    const l = mul(sub(${load('x', AT.lumaRow)}, yOffset), scale)
    const u = ${tall(1)}
    const v = ${tall(2)}
    const r = ${byte(premultiplied('add(l, u)'))}
    const b = ${byte(premultiplied('add(l, v)'))}
    const g = ${byte(premultiplied('add(l, add(mul(greenU, u), mul(greenV, v)))'))}
    const rgb = v128.or(v128.or(r, i32x4.shl(b, 16)), i32x4.shl(g, 8))
    ${
      isOpaque
        ? store('x', 'v128.or(rgb, i32x4.splat(0xFF000000))', AT.rgbaRow)
        : store(
            'x',
            `v128.or(v128.and(rgb, i32x4.splat(0xFFFFFF)), i32x4.shl(${byte('mul(most, opacity)')}, 24))`,
            AT.rgbaRow,
          )
    }
  }
}
`
}

/** The module in AssemblyScript. */
export function pictureSource(): string {
  const [cb, cr] = [AT.small + SMALL_BYTES, AT.small + 2 * SMALL_BYTES]
  return `// Written by worker/engine/kernel/picture.ts
${arithmetic('plain')}
// @ts-ignore: decorator
@inline function mul(a: v128, b: v128): v128 { return f32x4.mul(a, b) }

${SCALES.map(spread).join('')}

// A small row of luma around zero: sums of values half as large are rounded half as far away.
export function centre(vectors: usize): void {
  for (let x: usize = 0; x < vectors * ${VECTOR}; x += ${VECTOR}) ${store('x', `sub(${load('x', AT.small)}, f32x4.splat(${MIDDLE}))`, AT.small)}
}

// Small rows of Cb and Cr become the differences of red and blue from luma.
export function mix(vectors: usize): void {
  for (let x: usize = 0; x < vectors * ${VECTOR}; x += ${VECTOR}) {
    const cb = sub(${load('x', cb)}, v128.load(${AT.cOffset}))
    const cr = sub(${load('x', cr)}, v128.load(${AT.cOffset}))
    ${store('x', `add(mul(v128.load(${AT.red}), cb), mul(v128.load(${AT.red + VECTOR}), cr))`, cb)}
    ${store('x', `add(mul(v128.load(${AT.blue}), cb), mul(v128.load(${AT.blue + VECTOR}), cr))`, cr)}
  }
}

// A row of luma: bytes from .. to of a row, by the weights of the four slots.
export function blend(weights: usize, from: usize, to: usize): void {
  ${WEIGHTS}
  const middle = f32x4.splat(${MIDDLE})
  for (let x = from; x < to; x += ${VECTOR}) ${store('x', `add(${tall(0)}, middle)`, AT.lumaRow)}
}

// The detail row onto the luma row.
export function addDetail(from: usize, to: usize): void {
  for (let x = from; x < to; x += ${VECTOR}) {
    ${store('x', `add(${load('x', AT.lumaRow)}, ${load('x', AT.detailRow)})`, AT.lumaRow)}
  }
}
${merge('merge', true)}
${merge('mergeClear', false)}
`
}
