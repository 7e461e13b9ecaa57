// Writes files that other processes see either whole or not at all: each is written under a hidden name beside its
// place and then renamed.
import { randomUUID } from 'node:crypto'
import { rmSync } from 'node:fs'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'

/** The temporary files that this thread is writing right now. */
const parts = new Set<string>()

/**
 * Writes `content` to `file` and creates its folder. A writer that is killed leaves the old file as it was. Several
 * threads and processes may write the same file at once: the last one to finish wins.
 */
export async function writeWhole(file: string, content: string | Uint8Array): Promise<void> {
  const folder = path.dirname(file)
  await mkdir(folder, { recursive: true })
  // Random: a process id and a counter are the same in two threads. Without the file's own name, which may be too long.
  const part = path.join(folder, `.edge-srcnn-${randomUUID()}.part`)
  parts.add(part)
  try {
    await writeFile(part, content)
    await rename(part, file)
  } catch (error) {
    await rm(part, { force: true })
    throw error
  } finally {
    parts.delete(part)
  }
}

/** Deletes this thread's temporary files, synchronously: for a process that is about to exit. */
export function removeParts(): void {
  for (const part of parts) rmSync(part, { force: true })
}
