// Creates a new app outside the repository. It installs edge-srcnn from the tarball and other packages from npm.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { REPOSITORY } from '../../../worker/package/places.ts'
import { MANIFEST, TARBALL } from './pack.ts'

/** Pinned versions, so that a new release cannot fail a test. */
const VERSIONS: Readonly<Record<string, string>> = {
  ...MANIFEST.devDependencies,
  '@cloudflare/vite-plugin': '1.64.0',
  '@hono/node-server': '2.1.9',
  '@rollup/plugin-node-resolve': '16.0.3',
  '@types/react': '19.3.3',
  '@vercel/nft': '1.11.5',
  next: '16.4.6',
  nitropack: '2.13.6',
  react: '19.3.1',
  'react-dom': '19.3.1',
  rollup: '4.68.8',
  vite: '8.4.0',
  webpack: '5.113.0',
  webgpu: MANIFEST.peerDependencies.webgpu,
}

export interface NewApp {
  readonly folder: string
  remove(): void
}

/** Creates an app, installs edge-srcnn and `packages` in it, and writes `files` (texts by file name). */
export function createNewApp(packages: readonly string[], files: Readonly<Record<string, string>>): NewApp {
  const folder = mkdtempSync(join(tmpdir(), 'edge-srcnn-'))
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }))
  install(folder, TARBALL, ...packages)
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  return { folder, remove: () => rmSync(folder, { recursive: true }) }
}

/** Installs packages, each in its pinned version if it has one. */
export function install(folder: string, ...packages: readonly string[]): void {
  const wanted = packages.map((name) => (name in VERSIONS ? `${name}@${VERSIONS[name]}` : name)) // or `name@version`
  const flags = ['--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel', 'error']
  execFileSync('npm', ['install', ...flags, ...wanted], { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] })
}

/** Returns the disk space that all files in a folder take, in bytes. */
export function bytesOnDisk(folder: string): number {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
  return files.reduce((sum, { parentPath, name }) => sum + 512 * statSync(join(parentPath, name)).blocks, 0)
}

/** Returns the source of the example app in worker/examples for Workers (`ts`) or for Node (`js`). */
export function readmeExample(language: 'ts' | 'js'): string {
  const file = language === 'ts' ? 'worker/index.ts' : 'node/index.js'
  return readFileSync(join(REPOSITORY, 'worker/examples', file), 'utf8')
}

/** Returns the only code block of a page that contains `text`. */
export function pageExample(page: string, text: string): string {
  const markdown = readFileSync(join(REPOSITORY, page), 'utf8')
  const blocks = [...markdown.matchAll(/^```\w+\n(.*?)^```$/gms)].map(([, code]) => code)
  const found = blocks.filter((code) => code.includes(text))
  if (found.length !== 1) throw new Error(`expected one block of ${page} with ${text}, got ${found.length}`)
  return found[0]
}

/**
 * Returns the path of a Node that runs tools that no longer run in Node 20: this one if it is new enough, else one that is
 * installed in the app.
 */
export function newerNode(folder: string): string {
  if (Number(process.versions.node.split('.')[0]) >= 22) return process.execPath
  const { platform, arch } = process
  const name = `${platform === 'darwin' && arch === 'arm64' ? 'node-bin' : 'node'}-${platform}-${arch}`
  install(folder, `${name}@24.22.3`) // the part of the package `node` for this machine, without its install script
  return join(folder, 'node_modules', name, 'bin/node')
}
