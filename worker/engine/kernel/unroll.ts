// Generates the AssemblyScript source of unrolled functions. AssemblyScript has no macros and no arrays of vectors in
// local variables, so loops in TypeScript write out straight-line code.
//
// How a kernel is put together (build/kernels.ts does it):
//
//   NAME.as.ts              the algorithm, written by hand. Files *.as.ts import each other, and constants from
//                           layout files. Prettier, oxlint and tsc skip them; AssemblyScript's compiler checks them.
//   NAME.ts                 the generator of the unrolled functions that NAME.as.ts calls
//   *Layout.ts              addresses and sizes, which drivers use, too; the build converts them to AssemblyScript
//   dist/kernel/NAME-*.ts   the compiler's input, kept for reading: the unrolled functions, then NAME.as.ts
import type { Arithmetic } from './arithmetic.ts'

const FLOAT = 4
const LANES = 4

/** Calls `text` with 0 to count - 1 and returns the results, joined as lines. */
export function each(count: number, text: (i: number) => string): string {
  return Array.from({ length: count }, (_, i) => text(i)).join('\n')
}

/** Returns `name0, name1, ...`, each followed by `suffix`. */
export function numbered(count: number, name: string, suffix = ''): string {
  return Array.from({ length: count }, (_, i) => `${name}${i}${suffix}`).join(', ')
}

/** Returns code that loads the vector at address `base` + `bytes`. */
export function load(base: string, bytes = 0): string {
  return `v128.load(${base}, ${bytes})`
}

/** Returns code that loads the f32 value at address `base` + `bytes` into all four lanes. */
export function loadSplat(base: string, bytes = 0): string {
  return `v128.load_splat<f32>(${base}, ${bytes})`
}

export function store(base: string, value: string, bytes = 0): string {
  return `v128.store(${base}, ${value}, ${bytes})`
}

/**
 * Returns code that declares `count` vectors name0, name1, ... Vector i has the i-th f32 value from address `base` on
 * in all four lanes. Plain builds load each value separately. Relaxed builds load four values together and copy each by
 * a shuffle, because they run in workerd, which checks every load against the memory's bounds.
 */
export function spreadWeights(kind: Arithmetic, name: string, base: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => {
    if (kind === 'plain') return `const ${name}${i} = ${loadSplat(base, i * FLOAT)}`
    const [vector, lane] = [`${name}s${i >> 2}`, i % LANES]
    const spread = `const ${name}${i} = v128.shuffle<f32>(${vector}, ${vector}, ${lane}, ${lane}, ${lane}, ${lane})`
    return lane > 0 ? spread : `const ${vector} = ${load(base, i * FLOAT)}\n${spread}`
  })
}

/** Indents source by its braces and drops empty lines, because people read it in dist/. */
export function indent(source: string): string {
  let depth = 0
  const lines = source.split('\n').flatMap((line) => {
    const text = line.trim()
    if (text === '') return []
    if (text.startsWith('}')) depth--
    const indented = '  '.repeat(depth) + text
    if (text.endsWith('{')) depth++
    return [indented]
  })
  return lines.join('\n').replaceAll('\n}\n', '\n}\n\n')
}
