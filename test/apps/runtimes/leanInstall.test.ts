// Tests the way of trainer/README.md to do without the native runtime, in a copy of the repository: its tools and the
// trainer still run.
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ROOT } from '../../support/worker/worker.ts'

/** Installing takes a minute, and several on a busy machine. */
const TIMEOUT_MS = 900_000
const LEFT_OUT = new Set(['node_modules', '.git', '.wrangler', 'trainer/runs'])

const folder = mkdtempSync(join(tmpdir(), 'edge-srcnn-lean-'))
const [, command] = /`(npm uninstall [^`]+)`/.exec(readFileSync(join(ROOT, 'trainer/README.md'), 'utf8')) ?? []
const run = (line: string) =>
  execFileSync('sh', ['-c', line], { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 2] })

beforeAll(() => {
  cpSync(ROOT, folder, { recursive: true, filter: (path) => !LEFT_OUT.has(relative(ROOT, path)) })
  run('npm ci --prefer-offline --no-audit --no-fund')
  run(command)
}, TIMEOUT_MS)
afterAll(() => rmSync(folder, { recursive: true }))

test('the native runtime is gone, and the tools for development are there', () => {
  expect(command).toContain('onnxruntime-node')
  expect(existsSync(join(folder, 'node_modules/onnxruntime-node'))).toBe(false)
  expect(run('npx esbuild --version && npx tsx --version && npx workerd --version')).toMatch(/workerd/)
})

test(
  'the trainer trains in WebAssembly, and names the command that brings the native runtime back',
  () => {
    const output = run(
      'npm run --silent trainer -- --scale 2 --steps 2 --batch 8 --data worker/assets/samples --name lean 2>&1',
    )
    expect(output).toContain('not onnx-cpu: onnxruntime-node is not installed; install it with npm ci\n')
    expect(output).toMatch(/^onnxruntime-web \S+, WASM, on the CPU$/m)
    expect(existsSync(join(folder, 'trainer/runs/lean-1/manifest.json'))).toBe(true)
  },
  TIMEOUT_MS,
)
