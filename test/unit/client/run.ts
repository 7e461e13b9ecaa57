// Bundles an example with the package's sources (`exports` in package.json) and stand-ins for the frameworks, and runs
// it.
import { readFileSync } from 'node:fs'
import { build, type Plugin } from 'esbuild'

const root = new URL('../../../', import.meta.url).pathname
const { exports } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'))

/** The subpaths of the package, such as `edge-srcnn/client`, and their source files. */
export const SUBPATHS = new Map(
  Object.entries<string>(exports).map(([name, file]) => [name.replace('.', 'edge-srcnn'), root + file]),
)

/** Stand-ins for the components of frameworks. The tests only look at the props of the components. */
const STAND_INS = new Map([
  ['next/image', "export default 'img'"],
  ['@unpic/react/base', "export const Image = 'img'"],
])

const GLOBALS = `
  const h = (type, props) => ({ type, props })
  const defineNuxtConfig = (config) => config
`

const resolved: Plugin = {
  name: 'examples',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^edge-srcnn/ }, ({ path }) => ({ path: SUBPATHS.get(path) }))
    onResolve({ filter: /./ }, ({ path }) => (STAND_INS.has(path) ? { path, namespace: 'stand-in' } : undefined))
    onLoad({ filter: /./, namespace: 'stand-in' }, ({ path }) => ({
      contents: STAND_INS.get(path),
    }))
  },
}

/** Runs an example and returns its exports. */
export async function run(code: string): Promise<any> {
  const { outputFiles } = await build({
    stdin: { contents: code, loader: 'tsx', resolveDir: root },
    bundle: true,
    write: false,
    format: 'esm',
    jsxFactory: 'h',
    banner: { js: GLOBALS },
    logLevel: 'silent', // hides the warning that 'use client' is ignored
    plugins: [resolved],
  })
  return import(`data:text/javascript,${encodeURIComponent(outputFiles[0].text)}`)
}

/**
 * Returns the results of the calls in an example (`given`), and the values in the comments below the calls (`written`).
 */
export async function resultsOf(code: string): Promise<{ given: unknown[]; written: unknown[] }> {
  const pairs = /^(\w+\(.*\))\n\/\/ (.+)$/gm
  const kept = code.replace(pairs, 'given.push($1)\nwritten.push($2)')
  return run(`export const given = []\nexport const written = []\n${kept}`)
}
