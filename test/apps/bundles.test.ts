// An app in Node as one file, as esbuild makes it for SST, AWS CDK and serverless-esbuild, and as webpack and Rollup make
// it; and as copied files, by @vercel/nft (Vercel's functions, adapters of SvelteKit and Astro). What they make runs in a
// folder of its own, without the packages.
import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { expectBytes, putPicture } from '../support/apps/picture.ts'
import { createNewApp, type NewApp } from '../support/package/newApp.ts'

/** Writes an answer of each of the two entries for Node, and prints why an engine cannot be loaded. */
const APP = `
import { readFile, writeFile } from 'node:fs/promises'
import { Hono } from 'hono'
import { superResolution } from 'edge-srcnn'
import { createSuperResolution, loadPlatform } from 'edge-srcnn/node'

async function enlarge(middleware, file) {
  const app = new Hono()
  app.use('*', middleware)
  app.get('*', async (c) => c.body(await readFile('uploads/icon.png')))
  const answer = await app.request('/uploads/icon.png?sr=2')
  await writeFile(file, new Uint8Array(await answer.arrayBuffer()))
}

async function main() {
  await enlarge(superResolution({ quality: 80 }), 'default.png')
  await enlarge(createSuperResolution(await loadPlatform())({ quality: 80 }), 'node.png')
  await loadPlatform({ engine: 'ort' }).catch(({ message }) => console.log(message))
  await loadPlatform({ engine: 'webgpu' }).catch(({ message }) => console.log(message))
}
main()
`

const ROLLUP = `
import resolve from '@rollup/plugin-node-resolve'

export default {
  input: 'app.js',
  plugins: [resolve({ preferBuiltins: true })],
  output: { dir: 'out', format: 'esm', entryFileNames: 'app.mjs' },
  onwarn(warning) { throw new Error(warning.message) },
}
`

const WEBPACK = `
import webpack from 'webpack'

const output = { path: process.cwd() + '/out', filename: 'app.cjs' }
const optimization = { minimize: false } // takes long, and esbuild's apps are minified
webpack({ mode: 'production', target: 'node20', entry: './app.js', output, optimization }, (error, stats) => {
  const { errors, warnings } = stats?.toJson() ?? { errors: [error], warnings: [] }
  for (const { message } of [...errors, ...warnings]) console.error(message)
  process.exitCode = errors.length + warnings.length
})
`

const NFT = `
import { cpSync } from 'node:fs'
import { nodeFileTrace } from '@vercel/nft'

const { fileList } = await nodeFileTrace(['app.js'])
for (const file of fileList) cpSync(file, 'out/' + file)
`

const ESBUILD = ['node_modules/.bin/esbuild', 'app.js', '--bundle', '--platform=node', '--target=node20']
const CJS = [...ESBUILD, '--format=cjs', '--outfile=out/app.cjs']
const ESM = [...ESBUILD, '--format=esm', '--outfile=out/app.mjs']
const BUNDLERS = [
  { title: 'CommonJS by esbuild', command: CJS, main: 'app.cjs' },
  { title: 'CommonJS by esbuild, minified', command: [...CJS, '--minify'], main: 'app.cjs' },
  { title: 'an ES module by esbuild', command: ESM, main: 'app.mjs' },
  { title: 'an ES module by esbuild, minified', command: [...ESM, '--minify'], main: 'app.mjs' },
  { title: 'scripts by webpack', command: [process.execPath, 'webpack.js'], main: 'app.cjs' },
  { title: 'scripts by Rollup', command: ['node_modules/.bin/rollup', '-c'], main: 'app.mjs' },
  { title: 'files by nft', command: [process.execPath, 'nft.js'], main: 'app.js' },
]
const PACKAGES = ['esbuild@0.28.2', 'webpack', 'rollup', '@rollup/plugin-node-resolve', '@vercel/nft']

let app: NewApp

beforeAll(() => {
  app = createNewApp(['hono', ...PACKAGES], {
    'app.js': APP,
    'nft.js': NFT,
    'webpack.js': WEBPACK,
    'rollup.config.mjs': ROLLUP,
  })
  putPicture(app.folder)
})
afterAll(() => app?.remove())

function runApp(cwd: string, main: string): string {
  return execFileSync(process.execPath, [main], { cwd, encoding: 'utf8' })
}

function expectRuns(cwd: string, main: string): void {
  const reasons = runApp(cwd, main)
  for (const file of ['default.png', 'node.png']) expectBytes(readFileSync(join(cwd, file)))
  expect(reasons).toMatch(/needs the package onnxruntime-web \(npm i onnxruntime-web\).*\n.*npm i webgpu/)
}

test.each(BUNDLERS)('an app as $title enlarges a picture, without the packages beside it', ({ command, main }) => {
  rmSync(join(app.folder, 'out'), { recursive: true, force: true })
  const [program, ...args] = command
  const printed = execFileSync(program, args, { cwd: app.folder, encoding: 'utf8' })
  expect(printed).not.toMatch(/warning/i)
  const elsewhere = mkdtempSync(join(tmpdir(), 'edge-srcnn-'))
  try {
    cpSync(join(app.folder, 'out'), elsewhere, { recursive: true })
    putPicture(elsewhere)
    expectRuns(elsewhere, main)
  } finally {
    rmSync(elsewhere, { recursive: true })
  }
})

test('an app in CommonJS requires the installed package', () => {
  const args = [
    'app.js',
    '--format=cjs',
    '--platform=node',
    '--bundle',
    '--packages=external',
    '--outfile=required.cjs',
  ]
  execFileSync('node_modules/.bin/esbuild', args, { cwd: app.folder, stdio: 'ignore' })
  expectRuns(app.folder, 'required.cjs')
})
