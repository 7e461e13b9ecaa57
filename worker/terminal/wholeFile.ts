// Writes files so that other processes see them either whole or not at all. Each file is written under a temporary
// hidden name in the same folder and then renamed.
import { randomUUID } from 'node:crypto'
import { rmSync } from 'node:fs'
import { rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { makeFolder } from './makeFolder.ts'

/** The temporary files that this thread is writing right now. */
const parts = new Set<string>()

/**
 * Writes `content` to `file`, and creates the folder if it is missing. If the writer is killed, the old file is
 * unchanged. Several threads and processes may write the same file at once: the last one to finish wins.
 */
export async function writeWhole(file: string, content: string | Uint8Array): Promise<void> {
  const folder = path.dirname(file)
  await makeFolder(folder)
  // The name is random, because two threads can have the same process id and counter. It does not contain the name of
  // `file`, because the longer name could exceed the file system's limit.
  const part = path.join(folder, `.edge-srcnn-${randomUUID()}.part`)
  parts.add(part)
  try {
    await writeFile(part, content)
    await rename(part, file)
  } catch (error) {
    await rm(part, { force: true })
    // The user knows the file by its own name.
    if (error instanceof Error) error.message = error.message.replaceAll(part, file)
    throw error
  } finally {
    parts.delete(part)
  }
}

/** Deletes this thread's temporary files. It is synchronous, so that a process can call it just before it exits. */
export function removeParts(): void {
  for (const part of parts) rmSync(part, { force: true })
}
