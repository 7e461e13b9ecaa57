// The pages that go into the package: README.md, what it links to, what those pages link to, and so on. They keep their
// paths, so that relative links work there as they do in the repository; only what is in a folder of tests or of GitHub,
// which a package should not have, goes to docs/, and links follow it.
import { readFile } from 'node:fs/promises'
import { basename, dirname, extname, join, relative } from 'node:path'
import { REPOSITORY } from './places.ts'

/** What a page may link to: pages, pictures, and the files of worker/examples. */
const EXTENSIONS = ['', '.md', '.svg', '.webp']
const EXAMPLES = 'worker/examples/'

/** Returns the files that pages lead to by relative links, the pages included. Throws for a link to anything else. */
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

/** Returns the text of a page with its relative links as they have to be in the package. */
export function packedPage(page: string, markdown: string): string {
  const here = dirname(packedPath(page))
  return markdown.replace(RELATIVE_LINK, (_, path: string, anchor: string) => {
    return `](${relative(here, packedPath(join(dirname(page), path)))}${anchor})`
  })
}

/** `](path#anchor)`, but neither `](https://...)` nor `](#anchor)`. */
const RELATIVE_LINK = /\]\((?!\w+:|#)([^)\s#]+)([^)]*)\)/g

/** Returns the paths of a page's links that are neither URLs nor anchors within the page. */
export function relativeLinks(markdown: string): string[] {
  return [...markdown.matchAll(RELATIVE_LINK)].map(([, path]) => path)
}
