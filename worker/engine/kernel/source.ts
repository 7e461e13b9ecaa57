// What the blocks of the generator are written with: AssemblyScript as text. It has no arrays of
// vectors in local variables and no macros, so straight-line code is written out by loops here.

/** `relaxed` has fused multiply-add (WebAssembly relaxed SIMD); `plain` is SIMD as of 2021. */
export type Arithmetic = 'relaxed' | 'plain'
export const ARITHMETICS = ['relaxed', 'plain'] as const

/** One text for each of 0 .. count - 1, joined as lines. */
export function each(count: number, text: (i: number) => string): string {
  return Array.from({ length: count }, (_, i) => text(i)).join('\n')
}

/** `base` at a constant distance in bytes. */
export function load(base: string, bytes = 0): string {
  return `v128.load(${base}, ${bytes})`
}

/** The f32 there, in all four lanes. */
export function loadSplat(base: string, bytes = 0): string {
  return `v128.load_splat<f32>(${base}, ${bytes})`
}

/**
 * How a weight gets into all lanes. `load`: by a load of its own. `shuffle`: four are loaded at once,
 * and each is spread by a shuffle; of use where every load is checked against the memory's bounds.
 */
export type Broadcast = 'load' | 'shuffle'

/** Declares `count` vectors name0, name1, ...: each is one of the f32 at `base` and behind it. */
export function broadcast(how: Broadcast, name: string, base: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => {
    if (how === 'load') return `const ${name}${i} = ${loadSplat(base, i * FLOAT)}`
    const [vector, lane] = [`${name}s${i >> 2}`, i % LANES]
    const spread = `const ${name}${i} = v128.shuffle<f32>(${vector}, ${vector}, ${lane}, ${lane}, ${lane}, ${lane})`
    return lane > 0 ? spread : `const ${vector} = ${load(base, i * FLOAT)}\n${spread}`
  })
}

const FLOAT = 4
const LANES = 4

export function store(base: string, value: string, bytes = 0): string {
  return `v128.store(${base}, ${value}, ${bytes})`
}

/** Functions that all blocks use. */
export function arithmetic(kind: Arithmetic): string {
  const isRelaxed = kind === 'relaxed'
  // relu(NaN) may be NaN or 0, whichever instruction is the shorter.
  return `
// a * b + c, and c - a * b
// @ts-ignore: decorator
@inline function madd(a: v128, b: v128, c: v128): v128 {
  return ${isRelaxed ? 'f32x4.relaxed_madd(a, b, c)' : 'f32x4.add(f32x4.mul(a, b), c)'}
}
// @ts-ignore: decorator
@inline function nmadd(a: v128, b: v128, c: v128): v128 {
  return ${isRelaxed ? 'f32x4.relaxed_nmadd(a, b, c)' : 'f32x4.sub(c, f32x4.mul(a, b))'}
}
// @ts-ignore: decorator
@inline function add(a: v128, b: v128): v128 { return f32x4.add(a, b) }
// @ts-ignore: decorator
@inline function sub(a: v128, b: v128): v128 { return f32x4.sub(a, b) }
// @ts-ignore: decorator
@inline function relu(a: v128): v128 {
  return ${isRelaxed ? 'f32x4.relaxed_max(a, f32x4.splat(0))' : 'f32x4.pmax(f32x4.splat(0), a)'}
}
`
}
