// The two builds of each network's kernel.

/**
 * `relaxed` uses WebAssembly relaxed SIMD, which has fused multiply-add. `plain` uses only the SIMD standard of 2021.
 */
export type Arithmetic = 'relaxed' | 'plain'
export const ARITHMETICS = ['relaxed', 'plain'] as const
