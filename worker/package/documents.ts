// Finds the pages that go into the package: README.md, the files that it links to, the files that those link to, and so
// on. They keep their paths, so that relative links work in the package, too. The only exceptions are files in test/
// and .github/, folders that a package should not have. These files are moved to docs/, and links to them are changed.
import { readFile } from 'node:fs/promises'
import { basename, dirname, extname, join, relative } from 'node:path'
import { REPOSITORY } from './places.ts'

/**
 * Extensions of the files that a page may link to: pages and pictures. Files in worker/examples may have any extension.
 */
const EXTENSIONS = ['', '.md', '.svg', '.webp']
const EXAMPLES = 'worker/examples/'

/**
 * Returns `pages` and all files that they link to, directly or through other pages, by relative links. Throws for a
 * link to a file that is not a page, picture or example.
 */
export async function documentsFrom(pages: readonly string[], root = REPOSITORY): Promise<string[]> {
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

/** Returns a document's path in the package. */
export function packedPath(path: string): string {
  return /^(test|\.github)\//.test(path) ? `docs/${basename(path)}` : path
}

/** Returns the text of a page, with its relative links adapted to the paths in the package. */
export function packedPage(page: string, markdown: string): string {
  const here = dirname(packedPath(page))
  return markdown.replace(RELATIVE_LINK, (_, path: string, anchor: string) => {
    return `](${relative(here, packedPath(join(dirname(page), path)))}${anchor})`
  })
}

/** Matches `](path#anchor)`, but neither `](https://...)` nor `](#anchor)`. */
const RELATIVE_LINK = /\]\((?!\w+:|#)([^)\s#]+)([^)]*)\)/g

/** Returns the paths of a page's links that are neither URLs nor anchors within the page. */
export function relativeLinks(markdown: string): string[] {
  return [...markdown.matchAll(RELATIVE_LINK)].map(([, path]) => path)
}
