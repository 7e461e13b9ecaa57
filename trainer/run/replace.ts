// Files that are whole at any moment: whoever is killed meanwhile leaves the old one.
import { rename, writeFile } from 'node:fs/promises'

/** Writes `file` under another name beside it, then puts that in its place. */
export async function replaceFile(file: string, content: string | Uint8Array): Promise<void> {
  await writeFile(`${file}.new`, content)
  await rename(`${file}.new`, file)
}
