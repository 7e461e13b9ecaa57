// The version text. Two machines that print the same text make the same bytes from the same picture.
import { readFile } from 'node:fs/promises'
import { PIPELINE_VERSION } from '../picture/makeFile.ts'
import { loadEngine } from './engines.ts'

/** Returns a text like `edge-srcnn 0.1.0, pipeline 4, kernels fused-relaxed, node v20.20.2`. */
export async function describeVersion(): Promise<string> {
  const { engines } = await loadEngine('fused')
  const versions = [`edge-srcnn ${await packageVersion()}`, `pipeline ${PIPELINE_VERSION}`, `kernels ${engines}`]
  return [...versions, runtimeName()].join(', ')
}

/** Returns the runtime's name and version. Bun and Deno also state the version of Node that they are compatible with. */
function runtimeName(): string {
  const { bun, deno } = process.versions
  if (bun !== undefined) return `bun ${bun}`
  return deno === undefined ? `node ${process.version}` : `deno ${deno}`
}

/**
 * Returns the version in the package.json of edge-srcnn. Looks for it in each folder above this file, because the depth
 * of this file differs in the built package.
 */
export async function packageVersion(): Promise<string> {
  for (let folder = new URL('.', import.meta.url); ; folder = new URL('..', folder)) {
    const text = await readFile(new URL('package.json', folder), 'utf8').catch(() => undefined)
    const found = text === undefined ? undefined : (JSON.parse(text) as { name?: string; version?: string })
    if (found?.name === 'edge-srcnn' && found.version !== undefined) return found.version
    if (folder.pathname === new URL('..', folder).pathname) return 'unknown'
  }
}
