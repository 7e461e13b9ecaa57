// The two builds of a network's kernel.

/** `relaxed` has fused multiply-add (WebAssembly relaxed SIMD); `plain` is SIMD as of 2021. */
export type Arithmetic = 'relaxed' | 'plain'
export const ARITHMETICS = ['relaxed', 'plain'] as const
