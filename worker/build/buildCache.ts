// Caches files in dist/ that take seconds to build, and builds a file again if its inputs change.
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { writeWhole } from '../terminal/wholeFile.ts'

const DIST = join(import.meta.dirname, '../../dist')

/**
 * Returns the bytes of `name` in dist/ if they were built from the same `inputs`. Otherwise builds the bytes and writes
 * them to dist/.
 */
export async function cachedBuild(
  name: string,
  inputs: readonly (string | Uint8Array)[],
  build: () => Promise<Uint8Array<ArrayBuffer>>,
): Promise<Uint8Array<ArrayBuffer>> {
  const hash = createHash('sha256')
  for (const input of inputs) hash.update(input).update('\0')
  const digest = hash.digest('hex')
  const known = await readFile(join(DIST, `${name}.sha256`), 'utf8').catch(() => undefined)
  if (known === digest) return new Uint8Array(await readFile(join(DIST, name)))
  const bytes = await build()
  await writeToDist(name, bytes)
  await writeToDist(`${name}.sha256`, digest)
  return bytes
}

/** Writes a file in dist/ atomically, because another process may read it at the same time. */
export async function writeToDist(name: string, content: string | Uint8Array): Promise<void> {
  await writeWhole(join(DIST, name), typeof content === 'string' ? new TextEncoder().encode(content) : content)
}

/**
 * Returns the version of an installed package. Reads its package.json, because loading a compiler would take longer.
 */
export async function versionOf(packageName: string): Promise<string> {
  const path = createRequire(import.meta.url).resolve(`${packageName}/package.json`)
  return (JSON.parse(await readFile(path, 'utf8')) as { version: string }).version
}
