// Tests the published `exports` and scripts, which are built from the repository's package.json.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { publishedExports } from '../../worker/package/entries.ts'
import { writeScripts } from '../../worker/package/scripts.ts'

test('an entry is published as one script for each export condition, and one declaration file', () => {
  const exports = {
    './client': './worker/client/client.ts',
    '.': { node: './worker/nodeReady.ts', default: './worker/workers.ts' },
  }
  expect(publishedExports({ exports })).toEqual({
    './client': { types: './lib/client-client.d.ts', default: './lib/client-client.js' },
    '.': {
      types: './lib/workers.d.ts',
      node: './lib/nodeReady.js',
      default: './lib/workers.js',
    },
    './package.json': './package.json',
  })
})

test('an entry that is not a source file of the worker is refused', () => {
  const exports = { '.': './trainer/main.ts' }
  expect(() => publishedExports({ exports })).toThrow('expected a source like ./worker/workers.ts')
})

test('a built command runs, and finds the script of the thread that it starts', async () => {
  const root = mkdtempSync(join(tmpdir(), 'edge-srcnn-'))
  try {
    for (const [name, text] of Object.entries(COMMAND)) {
      mkdirSync(join(root, dirname(name)), { recursive: true })
      writeFileSync(join(root, name), text)
    }
    const commands = ['./worker/cli/main.ts']
    const inside = await writeScripts({ scripts: commands, commands, artefacts: [] }, join(root, 'lib'), root)
    expect(inside).toEqual({ packages: [], modules: [] })
    expect(readdirSync(join(root, 'lib'))).toEqual(expect.arrayContaining(['cli-main.js', 'cli-jobs-thread.js']))
    writeFileSync(join(root, 'package.json'), '{ "type": "module" }')
    const printed = execFileSync(join(root, 'lib/cli-main.js'), { encoding: 'utf8' })
    expect(printed).toBe('84\n')
  } finally {
    rmSync(root, { recursive: true })
  }
})

const COMMAND = {
  'worker/cli/main.ts': `#!/usr/bin/env tsx
import { start } from './jobs/start.ts'
import { twice } from './twice.ts'
start((value) => console.log(twice(value)))`,
  'worker/cli/twice.ts': `export const twice = (value: number): number => 2 * value`,
  'worker/cli/jobs/start.ts': `import { Worker } from 'node:worker_threads'
export function start(use: (value: number) => void): void {
  new Worker(new URL('./thread.ts', import.meta.url)).on('message', use)
}`,
  'worker/cli/jobs/thread.ts': `import { parentPort } from 'node:worker_threads'
import { twice } from '../twice.ts'
parentPort!.postMessage(twice(21))`,
}
