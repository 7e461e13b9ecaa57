// The package's types: the compiler's declarations of the entries and of the files that they import. They must be valid
// in a program that checks its libraries (no skipLibCheck) and has only the types of Workers, or only those of Node. So
// no declaration may use a global that exists in only one of the two. bindings.ts and codec/contract.ts exist to
// declare interfaces in place of such globals.
import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { declarationOf, scriptOf } from './entries.ts'
import { REPOSITORY } from './places.ts'

/** Matches relative imports, in `from '...'` and `import("...")`. */
const RELATIVE_IMPORT = /(\bfrom |\bimport\()(['"])(\.\.?\/[^'"]+)\.ts\2/g

/** Matches imports that only run a module, which has no types. */
const BARE_IMPORT = /^import ['"][^'"]+['"];\n/gm

/**
 * Writes the declarations to `folder`. Beside each script in the folder `scripts`, also writes a declaration that
 * re-exports the one in `folder`, because some tools (Nuxt) look only there. The sources `required` are CommonJS, too,
 * and get a second declaration.
 */
export async function writeDeclarations(
  { sources, required }: { sources: readonly string[]; required: readonly string[] },
  folder: string,
  scripts: string,
): Promise<void> {
  const all = await mkdtemp(join(REPOSITORY, 'dist/types-')) // below the root, so that tsc finds the types there
  try {
    await declareAll(sources, all)
    await copyMentioned(sources.map(declarationOf), all, folder)
    for (const source of sources) {
      const name = declarationOf(source)
      const target = JSON.stringify(relative(scripts, join(folder, name)).replace(/\.d\.ts$/, '.js'))
      const declaration = await readFile(join(all, name), 'utf8')
      const hasDefault = /^export default /m.test(declaration)
      const text = `export * from ${target};\n${hasDefault ? `export { default } from ${target};\n` : ''}`
      await writeFile(join(scripts, `${scriptOf(source)}.d.ts`), text)
      if (!required.includes(source)) continue
      const types = [...declaration.matchAll(/^export (?:interface|type) (\w+)/gm)].map(([, type]) => type)
      await writeFile(join(scripts, `${scriptOf(source)}.d.cts`), requiredDeclaration(target, types))
    }
  } finally {
    await rm(all, { recursive: true })
  }
}

/** Returns the declaration of a script of scripts.ts's `writeRequired`, from the ES module `target`. */
function requiredDeclaration(target: string, types: readonly string[]): string {
  const module = `import(${target}, { with: { 'resolution-mode': 'import' } })`
  return `declare const module: typeof ${module}
declare const required: typeof module.default & typeof module
declare namespace required {
${types.map((type) => `  export type ${type} = ${module}.${type}`).join('\n')}
}
export = required
`
}

async function declareAll(sources: readonly string[], folder: string): Promise<void> {
  const inRoot = (path: string) => relative(folder, join(REPOSITORY, path))
  const project = {
    extends: inRoot('tsconfig.json'),
    compilerOptions: {
      noEmit: false,
      declaration: true,
      emitDeclarationOnly: true,
      rootDir: inRoot('worker'),
      outDir: '.',
      lib: ['ES2023'],
      types: ['node', '@cloudflare/workers-types/latest'],
      customConditions: ['package'],
    },
    include: [],
    exclude: [],
    files: ['worker/wasm.d.ts', 'worker/package/embedded-artefacts.d.ts', ...sources].map(inRoot),
  }
  const file = join(folder, 'tsconfig.json')
  await writeFile(file, JSON.stringify(project))
  const tsc = join(REPOSITORY, 'node_modules/.bin/tsc')
  execFileSync(tsc, ['-p', file], { stdio: 'inherit' })
}

/** Copies declarations and all that they import. The compiler keeps `.ts` in imports; the copies have `.js` instead. */
async function copyMentioned(names: readonly string[], from: string, to: string): Promise<void> {
  const wanted = new Set(names)
  for (const name of wanted) {
    const text = (await readFile(join(from, name), 'utf8')).replace(BARE_IMPORT, '')
    for (const [, , , path] of text.matchAll(RELATIVE_IMPORT)) wanted.add(join(dirname(name), `${path}.d.ts`))
    const target = join(to, name)
    await mkdir(dirname(target), { recursive: true })
    await writeFile(target, text.replace(RELATIVE_IMPORT, '$1$2$3.js$2'))
  }
}
