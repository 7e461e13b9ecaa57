// The entries of the package, from the repository's package.json: `exports` and `bin` name sources there, and
// what is made of them here.

/** A source, or sources by condition. */
export type EntryTarget = string | Readonly<Record<string, string>>

export interface Entries {
  readonly exports: Readonly<Record<string, EntryTarget>>
  readonly bin?: Readonly<Record<string, string>>
}

/** Sources that somebody imports: those that have types. */
export function entriesOf({ exports }: Entries): string[] {
  return [...new Set(Object.values(exports).flatMap(sourcesOf))]
}

/** Sources that somebody runs. */
export function commandsOf({ bin = {} }: Entries): string[] {
  return Object.values(bin)
}

/** The table that is published. */
export function publishedExports({ exports }: Entries): Record<string, object | string> {
  const published = Object.entries(exports).map(([name, target]) => [name, publishedTarget(target)])
  return { ...Object.fromEntries(published), './package.json': './package.json' }
}

function publishedTarget(target: EntryTarget): object {
  const conditions = typeof target === 'string' ? { default: target } : target
  const scripts = Object.entries(conditions).map(([name, source]) => [name, `./lib/${scriptOf(source)}.js`])
  // One for all: what is there on one platform is there on every other, under the same names.
  return { types: `./lib/${scriptOf(conditions.default)}.d.ts`, ...Object.fromEntries(scripts) }
}

/** All scripts lie in one folder, from where they find their files: `worker/cli/main.ts` is `cli-main`. */
export function scriptOf(source: string): string {
  return belowWorker(source).replace(/\.ts$/, '').replaceAll('/', '-')
}

/** `./worker/cli/main.ts` is `cli/main.d.ts`. */
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
