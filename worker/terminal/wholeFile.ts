// Files that are there as a whole or not at all: written beside under a hidden name, then renamed.
import { rmSync } from 'node:fs'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'

/** Being written right now. */
const parts = new Set<string>()
let count = 0

/** Makes the folder, too. */
export async function writeWhole(file: string, content: string | Uint8Array): Promise<void> {
  const { dir, base } = path.parse(file)
  await mkdir(dir || '.', { recursive: true })
  const part = path.join(dir, `.${base}.${process.pid}-${count++}.part`)
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

/** For an end that waits for nothing. */
export function removeParts(): void {
  for (const part of parts) rmSync(part, { force: true })
}
