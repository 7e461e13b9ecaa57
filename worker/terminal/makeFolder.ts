// Creates a folder and those above it.
import { mkdir, stat } from 'node:fs/promises'
import path from 'node:path'

/**
 * Creates `folder`, and the folders above it, unless it exists. Node's own `mkdir` with `recursive` never ends in a
 * folder that takes no others, such as /proc, because it goes up at each ENOENT and down again at EEXIST.
 */
export async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder)
  } catch (error) {
    if (await isFolder(folder)) return
    const above = path.dirname(folder)
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || (await isFolder(above))) throw error
    await makeFolder(above)
    await makeFolder(folder)
  }
}

async function isFolder(name: string): Promise<boolean> {
  const there = await stat(name).catch(() => undefined)
  return there?.isDirectory() ?? false
}
