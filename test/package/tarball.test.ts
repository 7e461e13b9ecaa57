// Tests what the package contains, and whether tools resolve all of its entries.
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { expect, test } from 'vitest'
import { versionOf } from '../../worker/build/buildCache.ts'
import { PACKAGE, REPOSITORY } from '../../worker/package/places.ts'
import { MANIFEST, TARBALL } from '../support/package/pack.ts'

const files = execFileSync('tar', ['-tzf', TARBALL], { encoding: 'utf8' })
  .trim()
  .split('\n')
  .map((path) => path.replace(/^package\//, ''))
const read = (file: string) => readFileSync(join(PACKAGE, file), 'utf8')

/** The path of each file in the package must match one of these patterns. */
const KINDS = [
  /^(package\.json|README\.md|LICENSE|CHANGELOG\.md|SECURITY\.md|THIRD-PARTY\.md)$/,
  /^(docs\/CONTRIBUTING|(models|trainer|worker)\/(\w+\/)?[A-Z]+)\.md$/,
  /^(models\/psnr\.svg|docs\/example\.webp|worker\/floor-plan\.svg)$/,
  /^worker\/examples\/(worker|node)\/(index\.[jt]s|wrangler\.toml)$/,
  /^lib\/[\w-]+\.(js|d\.ts)$/,
  /^lib\/client-next\.(cjs|d\.cts)$/,
  /^lib\/codec\/(photon|jpeg_(decoder|encoder)|png_(decoder|encoder)|webp_dec|webp_enc_simd)\.(wasm|js)$/,
  /^lib\/kernel\/((srcnn|subpixel)-relaxed|picture|shrink)\.wasm$/,
  /^lib\/kernel\/((srcnn|subpixel)-(plain|relaxed)|picture|shrink)\.js$/,
  /^lib\/models\/[\w-]+-x[234]\.js$/,
  /^types\/[\w/-]+\.d\.ts$/,
]

test('every file in the package matches an allowed pattern, and every pattern matches a file', () => {
  expect(files.filter((file) => !KINDS.some((kind) => kind.test(file)))).toEqual([])
  for (const kind of KINDS)
    expect(
      files.some((file) => kind.test(file)),
      `${kind}`,
    ).toBe(true)
  expect(files.filter((file) => file.endsWith('.wasm'))).toHaveLength(11)
  const weights = readdirSync(join(REPOSITORY, 'models')).filter((file) => file.endsWith('.onnx'))
  expect(files.filter((file) => file.startsWith('lib/models/'))).toHaveLength(weights.length)
})

test('the tarball is smaller than 2.5 MB (it has 2.2 MB: a script of each artefact for Node, and WebAssembly for Workers)', () => {
  expect(statSync(TARBALL).size).toBeLessThan(2_500_000)
})

test('no file contains a path of the build machine or an import of a missing file', () => {
  const scripts = files.filter((file) => /\.(js|ts|json)$/.test(file))
  for (const file of scripts) {
    const text = read(file)
    expect(text, file).not.toContain(REPOSITORY)
    expect(text, file).not.toMatch(/\.\.\/main\/|assemblyscript|binaryen|sourceMappingURL/)
    for (const [, path] of text.matchAll(/^(?:import|export) (?:[^;]*? from )?['"](\.[^'"]+)['"]/gm)) {
      const target = join(file, '..', path).replace(/^types\/(.+)\.js$/, 'types/$1.d.ts')
      expect(files, `${file} imports ${path}`).toContain(target)
    }
  }
})

test('the package has three dependencies, for the command line, and Hono as its only required peer dependency', () => {
  const { name, dependencies, peerDependencies, peerDependenciesMeta, scripts, devDependencies, version } = JSON.parse(
    read('package.json'),
  ) as Record<string, unknown>
  expect({ name, version }).toEqual({ name: 'edge-srcnn', version: MANIFEST.version })
  expect(Object.keys(dependencies as object)).toEqual(['saxes', 'tinyglobby', 'undici'])
  expect([scripts, devDependencies]).toEqual([undefined, undefined])
  const optional = Object.keys(peerDependenciesMeta as object)
  expect(Object.keys(peerDependencies as object).filter((one) => !optional.includes(one))).toEqual(['hono'])
})

test.each(['@cf-wasm/photon', '@jsquash/webp'])(
  'THIRD-PARTY.md has the version and the licence of %s',
  async (name) => {
    const text = read('THIRD-PARTY.md')
    expect(text).toContain(`## ${name} ${await versionOf(name)}`)
    const licence = name.endsWith('photon') ? 'LICENSE.md' : 'codec/LICENSE.codec.md'
    expect(text).toContain(readFileSync(join(REPOSITORY, 'node_modules', name, licence), 'utf8').trim())
  },
)

test('publint finds no problem', async () => {
  const { messages, pkg } = await publint({ pkgDir: PACKAGE, pack: false, strict: true })
  expect(messages.map((message) => formatMessage(message, pkg))).toEqual([])
})

test('arethetypeswrong finds no problem for ES modules', async () => {
  const result = await checkPackage(createPackageFromTarballData(new Uint8Array(readFileSync(TARBALL))))
  if (!result.types) throw new Error('expected types')
  // Ignores problems with CommonJS, which a package without CommonJS cannot avoid (attw's profile esm-only).
  const problems = result.problems.filter(
    (problem) => !('resolutionKind' in problem) || /^(node16-esm|bundler)$/.test(problem.resolutionKind),
  )
  expect(problems).toEqual([])
})
