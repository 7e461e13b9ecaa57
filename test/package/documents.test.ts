// Tests that the pages in the package link only to files in the package.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { documentsFrom, packedPage, relativeLinks } from '../../worker/package/documents.ts'
import { PACKAGE } from '../../worker/package/places.ts'
import { TARBALL } from '../support/package/pack.ts'

const files = execFileSync('tar', ['-tzf', TARBALL], { encoding: 'utf8' })
  .trim()
  .split('\n')
  .map((path) => path.replace(/^package\//, ''))
/** The pages whose links are checked. THIRD-PARTY.md is left out, because it quotes licences with their links. */
const pages = files.filter((file) => file.endsWith('.md') && file !== 'THIRD-PARTY.md')

test('the README links to more than ten pages and pictures', () => {
  expect(relativeLinks(readFileSync(join(PACKAGE, 'README.md'), 'utf8')).length).toBeGreaterThan(10)
  expect(pages).toEqual(expect.arrayContaining(['README.md', 'worker/OPTIONS.md', 'worker/ANSWERS.md']))
})

test.each(pages)('every relative link of %s leads to a file in the package', (page) => {
  const targets = relativeLinks(readFileSync(join(PACKAGE, page), 'utf8')).map((path) => join(dirname(page), path))
  expect(targets.filter((target) => !files.includes(target))).toEqual([])
})

test('a link is relative if it is neither a URL nor an anchor on the same page', () => {
  const markdown = '[a](A.md) ![b](b/c.svg) [d](../D.md#title) [e](#title) [f](https://f.example/x) [g](mailto:g@h)'
  expect(relativeLinks(markdown)).toEqual(['A.md', 'b/c.svg', '../D.md'])
})

test('files in folders that the package leaves out are moved to docs/, and links to them are adapted', () => {
  expect(packedPage('README.md', '![a](test/fixtures/a.webp) [b](.github/B.md#title) [c](worker/C.md)')).toBe(
    '![a](docs/a.webp) [b](docs/B.md#title) [c](worker/C.md)',
  )
  expect(packedPage('.github/B.md', '[a](../README.md) [b](#title)')).toBe('[a](../README.md) [b](#title)')
})

test('links are followed from page to page, and a link to a source file is refused', async () => {
  const root = mkdtempSync(join(tmpdir(), 'edge-srcnn-'))
  try {
    mkdirSync(join(root, 'sub'))
    writeFileSync(join(root, 'A.md'), '[b](sub/B.md)')
    writeFileSync(join(root, 'sub/B.md'), '[a](../A.md) ![c](c.svg)')
    expect(await documentsFrom(['A.md'], root)).toEqual(['A.md', 'sub/B.md', 'sub/c.svg'])
    writeFileSync(join(root, 'sub/B.md'), '[d](d.ts)')
    await expect(documentsFrom(['A.md'], root)).rejects.toThrow('sub/B.md links to sub/d.ts: expected a page')
  } finally {
    rmSync(root, { recursive: true })
  }
})
