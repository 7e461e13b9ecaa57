// The entries of the package. In the repository's package.json `exports` and `bin` name sources; here they become the
// names of the built scripts.

/** A source file, or source files by condition. */
export type EntryTarget = string | Readonly<Record<string, string>>

export interface Entries {
  readonly exports: Readonly<Record<string, EntryTarget>>
  readonly bin?: Readonly<Record<string, string>>
}

/** Returns the sources that users import; these get declarations. */
export function entriesOf({ exports }: Entries): string[] {
  return [...new Set(Object.values(exports).flatMap(sourcesOf))]
}

/** Returns the sources that users run. */
export function commandsOf({ bin = {} }: Entries): string[] {
  return Object.values(bin)
}

/** Returns the published `exports`. */
export function publishedExports({ exports }: Entries): Record<string, object | string> {
  const published = Object.entries(exports).map(([name, target]) => [name, publishedTarget(target)])
  return { ...Object.fromEntries(published), './package.json': './package.json' }
}

function publishedTarget(target: EntryTarget): object {
  const conditions = typeof target === 'string' ? { default: target } : target
  const scripts = Object.entries(conditions).map(([name, source]) => [name, `./lib/${scriptOf(source)}.js`])
  // One declaration for all conditions: every platform has the same exports.
  return { types: `./lib/${scriptOf(conditions.default)}.d.ts`, ...Object.fromEntries(scripts) }
}

/** Returns a script's name: `worker/cli/main.ts` is `cli-main`. One folder has all scripts and the files they read. */
export function scriptOf(source: string): string {
  return belowWorker(source).replace(/\.ts$/, '').replaceAll('/', '-')
}

/** Returns the name of a source's declaration: `./worker/cli/main.ts` has `cli/main.d.ts`. */
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
