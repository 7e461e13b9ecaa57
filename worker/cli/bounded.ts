// Reads files, streams and answers of servers only up to a limit.
import { concat } from '../base/concat.ts'

type Source = AsyncIterable<Uint8Array> | null

/**
 * Reads everything. Throws an Error that names the limit if there are more than `maxBytes`; then nothing more is read.
 * `what` is the subject of its message.
 */
export async function readAtMost(source: Source, maxBytes: number, what: string): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = []
  await passAtMost(source, maxBytes, what, (chunk) => void chunks.push(chunk))
  return concat(chunks)
}

/** Reads everything and keeps nothing of it. Throws as readAtMost does. */
export function skimAtMost(source: Source, maxBytes: number, what: string): Promise<void> {
  return passAtMost(source, maxBytes, what, () => {})
}

async function passAtMost(
  source: Source,
  maxBytes: number,
  what: string,
  pass: (chunk: Uint8Array) => void,
): Promise<void> {
  let size = 0
  for await (const chunk of source ?? []) {
    size += chunk.length
    if (size > maxBytes) throw new Error(`${what} has more than ${maxBytes} bytes`)
    pass(chunk)
  }
}
