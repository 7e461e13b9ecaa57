// Builds the bundles that the worker and browser tests run. vitest calls `setup` once before these tests (globalSetup);
// soak and bench call it themselves.
import { execFile } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { unstable_readConfig as readConfig } from 'wrangler'
import { BUNDLE, CONFIGS, ORT_BUNDLE, OTHER_BUNDLE, ROOT, type WorkerConfig, WRANGLER_TOML } from './worker.ts'

const run = promisify(execFile)

/**
 * Two vitest projects run `setup` in one process, each in its own copy of this module. The global state lets them share
 * one build.
 */
const state = globalThis as { workersBuild?: Promise<void> }

export function setup(): Promise<void> {
  return (state.workersBuild ??= buildAll())
}

async function buildAll(): Promise<void> {
  writeConfigs()
  // Before each bundle, wrangler runs the same command again, which then finds everything up to date.
  await run('npm', ['run', '--silent', 'build'], { cwd: ROOT })
  await Promise.all([
    bundle(BUNDLE, '--env', ''),
    bundle(ORT_BUNDLE, '--env', '', '--define', 'ORT:"others"'),
    bundle(OTHER_BUNDLE, '--config', 'test/support/mountedApp/wrangler.toml'),
  ])
}

/** Writes the same files that a deploy would upload. */
async function bundle(folder: string, ...args: string[]): Promise<void> {
  rmSync(folder, { recursive: true, force: true }) // file names hold digests, so old files would stay
  await run('npx', ['wrangler', 'deploy', '--dry-run', '--outdir', folder, ...args], {
    cwd: ROOT,
    env: { ...process.env, WRANGLER_SEND_METRICS: 'false' },
  })
}

/**
 * Writes the settings in wrangler.toml that workers use into the file CONFIGS. Test files read that file instead of
 * importing wrangler, because the import would cost 2 s of CPU time in each test file.
 */
function writeConfigs(): void {
  const configs = ['', 'domain', 'staging', 'demo'].map((env): [string, WorkerConfig] => {
    const { compatibility_date, compatibility_flags, assets } = readConfig(
      { config: WRANGLER_TOML, env },
      { hideWarnings: true },
    )
    return [env, { date: compatibility_date!, flags: compatibility_flags, assets: assets!.directory! }]
  })
  mkdirSync(dirname(CONFIGS), { recursive: true })
  writeFileSync(CONFIGS, JSON.stringify(Object.fromEntries(configs)))
}
