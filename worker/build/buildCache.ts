// Caches files in dist/ that take seconds to build, and builds a file again if its inputs change.
//
// Whoever can write dist/, for example a cache of CI, could change a codec there and its digest beside it. So the bytes
// are compared with the SHA-256 in dist.sha256, which is in the repository: those of a file before it is used, and those
// of a new build.
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { writeWhole } from '../terminal/wholeFile.ts'

const DIST = join(import.meta.dirname, '../../dist')
/** In the format of `sha256sum`, so that `cd dist && sha256sum -c ../worker/build/dist.sha256` checks a build, too. */
const LIST = join(import.meta.dirname, 'dist.sha256')

/** The digests of a build that is being recorded, by names of files. Undefined if none is. */
let recording: Map<string, string> | undefined
let listed: Promise<ReadonlyMap<string, string>> | undefined

/**
 * Returns the bytes of `name` in dist/ if they were built from the same `inputs` and have the SHA-256 in dist.sha256.
 * Otherwise builds the bytes and writes them to dist/. Throws if the new bytes have another SHA-256.
 */
export async function cachedBuild(
  name: string,
  inputs: readonly (string | Uint8Array)[],
  build: () => Promise<Uint8Array<ArrayBuffer>>,
): Promise<Uint8Array<ArrayBuffer>> {
  const inputDigest = sha256(...inputs.flatMap((input) => [input, '\0']))
  const kept = await keptBytes(name, inputDigest)
  if (kept && !recording) return kept // keptBytes has compared them with dist.sha256
  const bytes = kept ?? (await build())
  if (recording) recording.set(name, sha256(bytes))
  else await requireListed(name, bytes)
  if (kept) return kept
  await writeToDist(name, bytes)
  await writeToDist(`${name}.sha256`, inputDigest)
  return bytes
}

/** Returns the bytes in dist/ if they can be used. */
async function keptBytes(name: string, inputDigest: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const known = await readFile(join(DIST, `${name}.sha256`), 'utf8').catch(() => undefined)
  if (known !== inputDigest) return undefined
  const bytes = await readFile(join(DIST, name)).catch(() => undefined)
  return bytes && sha256(bytes) === (await readList()).get(name) ? new Uint8Array(bytes) : undefined
}

async function requireListed(name: string, bytes: Uint8Array): Promise<void> {
  const expected = (await readList()).get(name)
  const actual = sha256(bytes)
  if (actual === expected) return
  throw new Error(
    `dist/${name} has the SHA-256 ${actual}, but worker/build/dist.sha256 has ${expected ?? 'none for it'}. ` +
      'If its source, a compiler or a package was changed on purpose, run `npm run build -- --record` and commit ' +
      'dist.sha256. Otherwise an installed package is not the one that the lock file names.',
  )
}

function readList(): Promise<ReadonlyMap<string, string>> {
  listed ??= readFile(LIST, 'utf8').then(
    (text) => new Map([...text.matchAll(/^([0-9a-f]{64})  (.+)$/gm)].map(([, digest, name]) => [name, digest])),
  )
  return listed
}

/**
 * Runs `buildAll`, which gets or builds all files, and replaces dist.sha256 by their SHA-256. A file in dist/ that is not
 * as recorded is built again, too.
 */
export async function recordBuild(buildAll: () => Promise<void>): Promise<void> {
  const digests = (recording = new Map<string, string>())
  try {
    await buildAll()
  } finally {
    recording = undefined
  }
  const sorted = [...digests].toSorted(([a], [b]) => (a < b ? -1 : 1))
  await writeWhole(LIST, sorted.map(([name, digest]) => `${digest}  ${name}\n`).join(''))
  listed = undefined
}

function sha256(...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest('hex')
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
