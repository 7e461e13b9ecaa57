// Reads files, streams and answers of servers only up to a limit.

/**
 * Reads everything. Throws an Error that names the limit if there are more than `maxBytes`; then nothing more is read.
 * `what` is the subject of its message.
 */
export async function readAtMost(
  source: AsyncIterable<Uint8Array> | null,
  maxBytes: number,
  what: string,
): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of source ?? []) {
    size += chunk.length
    if (size > maxBytes) throw new Error(`${what} has more than ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** Reads everything and keeps nothing of it. Throws as readAtMost does. */
export async function skimAtMost(
  source: AsyncIterable<Uint8Array> | null,
  maxBytes: number,
  what: string,
): Promise<void> {
  let size = 0
  for await (const chunk of source ?? []) {
    size += chunk.length
    if (size > maxBytes) throw new Error(`${what} has more than ${maxBytes} bytes`)
  }
}
