// The package's types: what the compiler declares of the entries, and of the files that these mention. They hold for
// a program that checks libraries (no skipLibCheck), with the types of Workers or of Node alone: so bindings.ts
// and codec/contract.ts, and nothing here may name a global that one of them lacks.
import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { declarationOf, scriptOf } from './entries.ts'
import { ROOT } from './places.ts'

/** Relative imports, in `from '...'` and `import("...")`. */
const RELATIVE_IMPORT = /(\bfrom |\bimport\()(['"])(\.\.?\/[^'"]+)\.ts\2/g

/** Beside each script in `scripts`, a declaration that leads to its own in `folder`: some look nowhere else (Nuxt). */
export async function writeDeclarations(sources: readonly string[], folder: string, scripts: string): Promise<void> {
  const all = await mkdtemp(join(ROOT, 'dist/types-')) // below the root, whose types it finds
  try {
    await declareAll(sources, all)
    await copyMentioned(sources.map(declarationOf), all, folder)
    for (const source of sources) {
      const name = declarationOf(source)
      const target = JSON.stringify(relative(scripts, join(folder, name)).replace(/\.d\.ts$/, '.js'))
      const hasDefault = /^export default /m.test(await readFile(join(all, name), 'utf8'))
      const text = `export * from ${target};\n${hasDefault ? `export { default } from ${target};\n` : ''}`
      await writeFile(join(scripts, `${scriptOf(source)}.d.ts`), text)
    }
  } finally {
    await rm(all, { recursive: true })
  }
}

async function declareAll(sources: readonly string[], folder: string): Promise<void> {
  const inRoot = (path: string) => relative(folder, join(ROOT, path))
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
    files: ['worker/wasm.d.ts', ...sources].map(inRoot),
  }
  const file = join(folder, 'tsconfig.json')
  await writeFile(file, JSON.stringify(project))
  const tsc = join(ROOT, 'node_modules/.bin/tsc')
  execFileSync(tsc, ['-p', file], { stdio: 'inherit' })
}

/** The compiler leaves `./options.ts` as it is, which is no file of the package. */
async function copyMentioned(names: readonly string[], from: string, to: string): Promise<void> {
  const wanted = new Set(names)
  for (const name of wanted) {
    const text = await readFile(join(from, name), 'utf8')
    for (const [, , , path] of text.matchAll(RELATIVE_IMPORT)) wanted.add(join(dirname(name), `${path}.d.ts`))
    const target = join(to, name)
    await mkdir(dirname(target), { recursive: true })
    await writeFile(target, text.replace(RELATIVE_IMPORT, '$1$2$3.js$2'))
  }
}
