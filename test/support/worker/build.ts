// Builds what the worker and browser tests run, once before them (vitest's globalSetup) or by hand.
import { execFileSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { BUNDLE, ORT_BUNDLE, OTHER_BUNDLE, ROOT } from './worker.ts'

/** Two projects ask for it, in one process but each with a copy of this file. */
const state = globalThis as { areWorkersBuilt?: boolean }

export function setup(): void {
  if (state.areWorkersBuilt) return
  build(BUNDLE, '--env', '')
  build(ORT_BUNDLE, '--env', '', '--define', 'ORT:"others"')
  build(OTHER_BUNDLE, '--config', 'test/support/mountedApp/wrangler.toml')
  state.areWorkersBuilt = true
}

/** The very files that a deploy would upload. */
function build(folder: string, ...args: string[]): void {
  rmSync(folder, { recursive: true, force: true }) // names hold digests: old ones would stay
  execFileSync('npx', ['wrangler', 'deploy', '--dry-run', '--outdir', folder, ...args], {
    cwd: ROOT,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, WRANGLER_SEND_METRICS: 'false' },
  })
}
