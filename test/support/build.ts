// Builds the deployable bundle once before the tests that run it (vitest's globalSetup), or by hand.
import { execFileSync } from 'node:child_process'
import { BUNDLE, ROOT } from './worker.ts'

export function setup(): void {
  const args = ['wrangler', 'deploy', '--dry-run', '--env', '', '--outdir', BUNDLE]
  execFileSync('npx', args, { cwd: ROOT, stdio: ['ignore', 'ignore', 'inherit'] })
}
