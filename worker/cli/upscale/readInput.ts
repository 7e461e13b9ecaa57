// Reads the bytes of an input: of a file, of stdin or of a URL.
import { readFile } from 'node:fs/promises'
import { addAbortSignal } from 'node:stream'
import { readAtMost } from '../bounded.ts'
import { download } from '../download.ts'
import { packageVersion } from '../version.ts'
import type { Input } from './inputs.ts'

/** Largest number of bytes that are read from stdin or a URL: more than a picture of 100 megapixels has. */
const MAX_BYTES = 500_000_000
const TIMEOUT_MS = 120_000

/** Returns the bytes in an array of their own. `signal` ends the reading of stdin and of a URL. */
export async function readInput({ file, source }: Input, signal: AbortSignal): Promise<Uint8Array> {
  if (source === 'file') return new Uint8Array(await readFile(file))
  if (source === 'stdin') return readAtMost(addAbortSignal(signal, process.stdin), MAX_BYTES, 'stdin')
  const userAgent = `edge-srcnn/${await packageVersion()} (upscale)`
  return download(file, { userAgent, maxBytes: MAX_BYTES, timeoutMs: TIMEOUT_MS, signal })
}
