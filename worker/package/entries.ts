// The entries of the package. In the repository's package.json, `exports` and `bin` name sources. In the published
// package.json, they name the built scripts.

/** A source file, or a source file for each condition (`workerd`, `default`, ...). */
export type EntryTarget = string | Readonly<Record<string, string>>

export interface Entries {
  readonly exports: Readonly<Record<string, EntryTarget>>
  readonly bin?: Readonly<Record<string, string>>
}

/**
 * Entries that Node can also `require` as CommonJS. Next.js calls an image loader without waiting, but where
 * `serverExternalPackages` names a package, it loads the package's ES modules asynchronously.
 */
const REQUIRED = ['./next']

/** Returns the sources of the entries that are CommonJS, too. */
export function requiredOf({ exports }: Entries): string[] {
  return REQUIRED.flatMap((name) => (name in exports ? sourcesOf(exports[name]) : []))
}

/** Returns the sources that users import, for which declarations are written. */
export function entriesOf({ exports }: Entries): string[] {
  return [...new Set(Object.values(exports).flatMap(sourcesOf))]
}

/** Returns the sources of the commands (`bin`). */
export function commandsOf({ bin = {} }: Entries): string[] {
  return Object.values(bin)
}

/** Returns `exports` for the published package.json. */
export function publishedExports({ exports }: Entries): Record<string, object | string> {
  const published = Object.entries(exports).map(([name, target]) => [name, publishedTarget(name, target)])
  return { ...Object.fromEntries(published), './package.json': './package.json' }
}

function publishedTarget(entry: string, target: EntryTarget): object {
  const conditions = typeof target === 'string' ? { default: target } : target
  const script = `./lib/${scriptOf(conditions.default)}`
  const required = REQUIRED.includes(entry) ? { node: { types: `${script}.d.cts`, default: `${script}.cjs` } } : {}
  const scripts = Object.entries(conditions).map(([name, source]) => [name, `./lib/${scriptOf(source)}.js`])
  // All conditions share a declaration, because every platform has the same exports.
  return { ...required, types: `${script}.d.ts`, ...Object.fromEntries(scripts) }
}

/**
 * Returns the name of a source's script: `cli-main` for `worker/cli/main.ts`. All scripts are in one folder, with the
 * files that they read.
 */
export function scriptOf(source: string): string {
  return belowWorker(source).replace(/\.ts$/, '').replaceAll('/', '-')
}

/** Returns the name of a source's declaration: `cli/main.d.ts` for `./worker/cli/main.ts`. */
export function declarationOf(source: string): string {
  return belowWorker(source).replace(/\.ts$/, '.d.ts')
}

function belowWorker(source: string): string {
  const [, path] = /^(?:\.\/)?worker\/(.+\.ts)$/.exec(source) ?? []
  if (path === undefined) throw new Error(`expected a source like ./worker/workers.ts, got ${source}`)
  return path
}

function sourcesOf(target: EntryTarget): string[] {
  return typeof target === 'string' ? [target] : Object.values(target)
}
