// Builds codecs and kernels in a copy of the repository, so that no other test sees what is damaged there.
import { spawn } from 'node:child_process'
import { appendFile, cp, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sha256 } from '../../../worker/base/sha256.ts'

const ROOT = join(import.meta.dirname, '../../..')
const LOADER = pathToFileURL(join(ROOT, 'node_modules/tsx/dist/loader.mjs')).href
const LIST = 'worker/build/dist.sha256'
const TIMEOUT_MS = 240_000

let copy: string
beforeAll(async () => {
  copy = await mkdtemp(join(tmpdir(), 'build-'))
  for (const name of ['package.json', 'worker']) await cp(join(ROOT, name), join(copy, name), { recursive: true })
  for (const name of ['node_modules', 'models']) await symlink(join(ROOT, name), join(copy, name))
  // What is built already need not be built again.
  for (const name of ['codec', 'kernel']) {
    await mkdir(join(ROOT, 'dist', name), { recursive: true })
    await cp(join(ROOT, 'dist', name), join(copy, 'dist', name), { recursive: true })
  }
  for (const part of ['codecs', 'kernels']) expect(await build(part)).toMatchObject({ code: 0 })
}, TIMEOUT_MS)
afterAll(() => rm(copy, { recursive: true }))

/** Runs the build and waits until it ends. */
function build(...args: string[]): Promise<{ code: number | null; stderr: string }> {
  const script = join(copy, 'worker/build/main.ts')
  const child = spawn(process.execPath, ['--import', LOADER, script, ...args], { cwd: copy })
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, stderr }))
  })
}

const read = (name: string) => readFile(join(copy, name))
const listOf = async (): Promise<Map<string, string>> =>
  new Map(`${await read(LIST)}`.split('\n').map((line) => line.split('  ').toReversed() as [string, string]))

async function changeByte(name: string): Promise<Buffer> {
  const bytes = await read(name)
  bytes[bytes.length >> 1] ^= 1
  await writeFile(join(copy, name), bytes)
  return bytes
}

test.each([
  ['codecs', 'codec/webp_dec.wasm'],
  ['codecs', 'codec/plain_png_decoder.wasm'],
  ['kernels', 'kernel/shrink.wasm'],
])(
  'of the %s, a module in dist/ with a changed byte is built again: %s',
  async (part, name) => {
    const changed = await changeByte(`dist/${name}`)
    expect(await build(part)).toEqual({ code: 0, stderr: '' })
    const bytes = await read(`dist/${name}`)
    expect(bytes.equals(changed)).toBe(false)
    expect(await sha256(bytes)).toBe((await listOf()).get(name))
  },
  TIMEOUT_MS,
)

test(
  'a module that is as recorded is not built again',
  async () => {
    const before = await stat(join(copy, 'dist/kernel/shrink.wasm'))
    await build('kernels')
    expect((await stat(join(copy, 'dist/kernel/shrink.wasm'))).ino).toBe(before.ino)
  },
  TIMEOUT_MS,
)

test(
  'a kernel that was changed fails the build with a sentence, until it is recorded; a damaged module is not recorded',
  async () => {
    const before = await listOf()
    const kernel = await read('dist/kernel/shrink.wasm')
    await appendFile(
      join(copy, 'worker/engine/kernel/shrink.as.ts'),
      '\nexport function sumOf(a: i32, b: i32): i32 {\n  return a + b\n}\n',
    )
    const refused = await build('kernels')
    expect(refused.code).toBe(1)
    expect(refused.stderr).toMatch(
      /^dist\/kernel\/shrink\.wasm has the SHA-256 .*, but worker\/build\/dist\.sha256 has .*run `npm run build -- --record`.*\n$/,
    )
    expect(await read('dist/kernel/shrink.wasm')).toEqual(kernel)

    await changeByte('dist/codec/photon.wasm')
    expect(await build('--record')).toMatchObject({ code: 0 })
    const after = await listOf()
    const isOther = ([name, digest]: [string, string]) => digest !== before.get(name)
    expect([...after].filter(isOther).map(([name]) => name)).toEqual(['kernel/shrink.wasm'])
    expect(after.size).toBe(before.size)
    expect(await build('kernels')).toEqual({ code: 0, stderr: '' })
  },
  TIMEOUT_MS,
)
