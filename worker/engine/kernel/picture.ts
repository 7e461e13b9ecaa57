// Unrolls `spread2`, `spread3` and `spread4` for picture.as.ts, which enlarge a row 2, 3 and 4 times by bicubic.
import { phasesOf } from '../../image/resize.ts'
import { FLOAT, VECTOR } from './layout.ts'
import { PICTURE_AT, PHASE_WEIGHTS, REACH, SCALE_WEIGHTS, KERNEL_SCALES, TAPS } from './pictureLayout.ts'
import { each, load, store } from './unroll.ts'

/** Code that interleaves the vectors a0, a1, ... of one phase each into vectors b0, b1, ... of consecutive pixels. */
const INTERLEAVE = {
  2: `
const b0 = zipFirst(a0, a1)
const b1 = zipSecond(a0, a1)`,
  3: `
const b0 = v128.shuffle<f32>(v128.shuffle<f32>(a0, a1, 0, 4, 1, 1), a2, 0, 1, 4, 2)
const b1 = v128.shuffle<f32>(v128.shuffle<f32>(a1, a2, 1, 5, 2, 2), a0, 0, 1, 6, 2)
const b2 = v128.shuffle<f32>(v128.shuffle<f32>(a2, a0, 2, 7, 3, 3), a1, 0, 1, 7, 2)`,
  4: `
const p0 = zipFirst(a0, a1)
const p1 = zipFirst(a2, a3)
const p2 = zipSecond(a0, a1)
const p3 = zipSecond(a2, a3)
const b0 = joinFirst(p0, p1)
const b1 = joinSecond(p0, p1)
const b2 = joinFirst(p2, p3)
const b3 = joinSecond(p2, p3)`,
} as const

/**
 * Returns the source of `spread{scale}(from, to, vectors)` for each scale. The function enlarges `vectors` vectors of a
 * small row to `scale` times their width.
 */
export function unrollPicture(): string {
  return KERNEL_SCALES.map(unrollSpread).join('')
}

function unrollSpread(scale: (typeof KERNEL_SCALES)[number]): string {
  const weights = PICTURE_AT.weights + (scale - KERNEL_SCALES[0]) * SCALE_WEIGHTS * FLOAT
  const weight = (phase: number, tap: number) =>
    `v128.load_splat<f32>(${weights + (phase * PHASE_WEIGHTS + tap) * FLOAT})`
  const phases = phasesOf(scale).map(({ first }, phase) => {
    const product = (tap: number) => `mul(w${phase}${tap}, d${REACH + first + tap})`
    return `
    ${each(TAPS, (tap) => `const w${phase}${tap} = ${weight(phase, tap)}`)}
    const a${phase} = sumOfFour(${[0, 1, 2, 3].map(product).join(', ')})`
  })
  return `
export function spread${scale}(from: usize, to: usize, vectors: usize): void {
  for (const end = from + vectors * ${VECTOR}; from < end; from += ${VECTOR}) {
    ${each(2 * REACH + 1, (i) => `const d${i} = ${load('from', i * FLOAT)}`)}
    ${phases.join('')}
    ${INTERLEAVE[scale]}
    ${each(scale, (i) => store('to', `b${i}`, i * VECTOR))}
    to += ${scale * VECTOR}
  }
}
`
}
