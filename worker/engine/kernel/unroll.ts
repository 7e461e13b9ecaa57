// Builds AssemblyScript text, for the functions that must be unrolled by shape: AssemblyScript has no macros and no
// arrays of vectors in local variables, so straight-line code is written out by loops in TypeScript.
//
// How a kernel is put together (build/kernels.ts does it):
//
//   NAME.as.ts           the algorithm, by hand. Prettier, oxlint and tsc skip *.as.ts: AssemblyScript's compiler
//                        checks them. They import each other, and constants from './layout' and its siblings.
//   NAME.ts              the generator beside it: the unrolled functions that NAME.as.ts calls
//   *Layout.ts           addresses and sizes, shared with the drivers; the build passes them on as AssemblyScript
//   dist/kernel/NAME-*.ts   what the compiler gets: the unrolled functions, then NAME.as.ts. For reading.
import type { Arithmetic } from './arithmetic.ts'

const FLOAT = 4
const LANES = 4

/** Returns one text for each of 0 .. count - 1, joined as lines. */
export function each(count: number, text: (i: number) => string): string {
  return Array.from({ length: count }, (_, i) => text(i)).join('\n')
}

/** Returns `name0, name1, ...`, each with `suffix`. */
export function numbered(count: number, name: string, suffix = ''): string {
  return Array.from({ length: count }, (_, i) => `${name}${i}${suffix}`).join(', ')
}

/** Loads a vector from `base`, at a constant distance in bytes. */
export function load(base: string, bytes = 0): string {
  return `v128.load(${base}, ${bytes})`
}

/** Loads one f32 into all four lanes. */
export function loadSplat(base: string, bytes = 0): string {
  return `v128.load_splat<f32>(${base}, ${bytes})`
}

export function store(base: string, value: string, bytes = 0): string {
  return `v128.store(${base}, ${value}, ${bytes})`
}

/**
 * Declares `count` vectors name0, name1, ...: each holds one of the f32 from `base` on in all four lanes.
 * Plain builds load each on its own. Relaxed builds load four at once and spread each by a shuffle: they run in
 * workerd, which checks every load against the memory's bounds.
 */
export function spreadWeights(kind: Arithmetic, name: string, base: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => {
    if (kind === 'plain') return `const ${name}${i} = ${loadSplat(base, i * FLOAT)}`
    const [vector, lane] = [`${name}s${i >> 2}`, i % LANES]
    const spread = `const ${name}${i} = v128.shuffle<f32>(${vector}, ${vector}, ${lane}, ${lane}, ${lane}, ${lane})`
    return lane > 0 ? spread : `const ${vector} = ${load(base, i * FLOAT)}\n${spread}`
  })
}

/** Indents by braces and drops empty lines: the source is left in dist/ for reading. */
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
