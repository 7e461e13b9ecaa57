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
