// Files in dist/ that take seconds to make: kept as long as what they are made of is the same.
import { createHash, randomUUID } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const DIST = join(import.meta.dirname, '../../dist')

/** The bytes of `name` in dist/ if they were made of just this, else what `make` gives, which is written there. */
export async function builtFile(
  name: string,
  madeOf: readonly (string | Uint8Array)[],
  make: () => Promise<Uint8Array<ArrayBuffer>>,
): Promise<Uint8Array<ArrayBuffer>> {
  const path = join(DIST, name)
  const hash = createHash('sha256')
  for (const part of madeOf) hash.update(part).update('\0')
  const digest = hash.digest('hex')
  const known = await readFile(`${path}.sha256`, 'utf8').catch(() => undefined)
  if (known === digest) return new Uint8Array(await readFile(path))
  const bytes = await make()
  await mkdir(dirname(path), { recursive: true })
  await replace(path, bytes)
  await replace(`${path}.sha256`, digest)
  return bytes
}

/** Read, not imported: loading a compiler takes longer than all the rest. */
export async function versionOf(packageName: string): Promise<string> {
  const path = createRequire(import.meta.url).resolve(`${packageName}/package.json`)
  return (JSON.parse(await readFile(path, 'utf8')) as { version: string }).version
}

/** Whoever reads at this moment shall not read half a file. */
async function replace(path: string, content: string | Uint8Array): Promise<void> {
  const part = `${path}.${randomUUID()}`
  await writeFile(part, content)
  await rename(part, path)
}
