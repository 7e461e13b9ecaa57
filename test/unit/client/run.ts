// Runs an example: bundled with what package.json's exports name, and with stand-ins for the frameworks.
import { readFileSync } from 'node:fs'
import { build, type Plugin } from 'esbuild'

const root = new URL('../../../', import.meta.url).pathname
const { exports } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'))

/** `edge-srcnn/client` and the others, and their files. */
export const SUBPATHS = new Map(
  Object.entries<string>(exports).map(([name, file]) => [name.replace('.', 'edge-srcnn'), root + file]),
)

/** Frameworks' components: their props are what counts. */
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

/** The exports of an example. */
export async function run(code: string): Promise<any> {
  const { outputFiles } = await build({
    stdin: { contents: code, loader: 'tsx', resolveDir: root },
    bundle: true,
    write: false,
    format: 'esm',
    jsxFactory: 'h',
    banner: { js: GLOBALS },
    logLevel: 'silent', // that 'use client' means nothing here
    plugins: [resolved],
  })
  return import(`data:text/javascript,${encodeURIComponent(outputFiles[0].text)}`)
}

/** What the calls in an example give, and what the comments below them say. */
export async function resultsOf(code: string): Promise<{ given: unknown[]; written: unknown[] }> {
  const pairs = /^(\w+\(.*\))\n\/\/ (.+)$/gm
  const kept = code.replace(pairs, 'given.push($1)\nwritten.push($2)')
  return run(`export const given = []\nexport const written = []\n${kept}`)
}
