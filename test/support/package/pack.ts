// Builds and packs the package in the form that is published, once before the package tests (vitest's globalSetup).
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PACKAGE, REPOSITORY } from '../../../worker/package/places.ts'

/** The repository's package.json. */
export const MANIFEST = JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8')) as {
  readonly version: string
  readonly devDependencies: Readonly<Record<string, string>>
  readonly peerDependencies: Readonly<Record<string, string>>
}
export const TARBALL = join(REPOSITORY, `dist/edge-srcnn-${MANIFEST.version}.tgz`)

/** Called by vitest before the tests. */
export function setup(): void {
  npm(REPOSITORY, 'run', '--silent', 'build:package')
  npm(PACKAGE, 'pack', '--silent', '--pack-destination', join(REPOSITORY, 'dist'))
}

function npm(cwd: string, ...args: string[]): void {
  execFileSync('npm', args, { cwd, stdio: ['ignore', 'ignore', 'inherit'] })
}
