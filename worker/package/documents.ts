// The pages that go into the package: README.md, what it links to, what those pages link to, and so on. They keep
// their paths, so that relative links work there as they do in the repository.
import { readFile } from 'node:fs/promises'
import { dirname, extname, join } from 'node:path'
import { ROOT } from './places.ts'

/** What a page may link to: pages, pictures, and the files of worker/examples. */
const EXTENSIONS = ['', '.md', '.svg', '.webp']
const EXAMPLES = 'worker/examples/'

/** Returns the files that pages lead to by relative links, the pages included. Throws for a link to anything else. */
export async function documentsFrom(pages: readonly string[], root = ROOT): Promise<string[]> {
  const found = new Set(pages)
  for (const page of found) {
    if (!page.endsWith('.md')) continue
    for (const path of relativeLinks(await readFile(join(root, page), 'utf8'))) {
      const target = join(dirname(page), path)
      if (!EXTENSIONS.includes(extname(target)) && !target.startsWith(EXAMPLES)) {
        throw new Error(`${page} links to ${target}: expected a page, a picture or an example`)
      }
      found.add(target)
    }
  }
  return [...found]
}

/** Returns the paths of a page's links that are neither URLs nor anchors within the page. */
export function relativeLinks(markdown: string): string[] {
  const links = [...markdown.matchAll(/\]\((?!\w+:|#)([^)\s#]+)[^)]*\)/g)]
  return links.map(([, path]) => path)
}
