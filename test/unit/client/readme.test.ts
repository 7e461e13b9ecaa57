// Runs every example in worker/client/README.md and in the comments of worker/client.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { SIZES } from '../../../worker/client/allowed.ts'
import { srcset } from '../../../worker/client/srcset.ts'
import { expectAccepted } from './accepted.ts'
import { resultsOf, run, SUBPATHS } from './run.ts'

const root = new URL('../../../', import.meta.url).pathname
const readme = readFileSync(`${root}worker/client/README.md`, 'utf8')
const examples = [...readme.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, language, code]) => ({ language, code }))

/** Returns the only example that contains `text`. */
function exampleWith(text: string): string {
  const found = examples.filter(({ code }) => code.includes(text))
  expect(found, text).toHaveLength(1)
  seen.add(found[0].code)
  return found[0].code
}
const seen = new Set<string>()

test('the srcset in the HTML example is what srcset() returns', () => {
  const html = exampleWith('<img\n')
  const [, written] = /srcset="([^"]*)"/.exec(html) ?? []
  const [, width] = /width="(\d+)"/.exec(html) ?? []
  expect(written).toBe(srcset({ src: 'cat.jpg', width: Number(width) }))
})

test('each call in the example returns the value in the comment below it', async () => {
  const { given, written } = await resultsOf(exampleWith("from 'edge-srcnn/client'"))
  expect(written).toHaveLength(3)
  expect(given).toEqual(written)
})

test.each([
  ['srUrl', 'url.ts', 2],
  ['srcset', 'srcset.ts', 1],
  ['createLoader', 'next.ts', 1],
  ['getImage', 'nuxt.ts', 1],
  ['extract, generate, transform', 'unpic.ts', 3],
])('the examples in the comments of %s return the values that they show', async (names, file, count) => {
  const source = readFileSync(`${root}worker/client/${file}`, 'utf8')
  const blocks = [...source.matchAll(/@example\n(.*?) \*\//gs)].map(([, block]) => block.replace(/^ \* /gm, ''))
  const { given, written } = await resultsOf(`import { ${names} } from './worker/client/${file}'\n${blocks.join('')}`)
  expect(written).toHaveLength(count)
  expect(given).toEqual(written)
})

test('the example configuration for Next.js names the loader file, and only widths that the worker accepts', async () => {
  const { default: loader } = await run(exampleWith('// image-loader.ts'))
  const { default: config } = await run(exampleWith('// next.config.ts'))
  const { deviceSizes, imageSizes, loaderFile } = config.images
  expect(loaderFile).toBe('./image-loader.ts')
  expect([...imageSizes, ...deviceSizes]).toEqual([...SIZES])
  for (const width of deviceSizes) expect(loader({ src: '/cat.jpg', width })).toBe(`/cat.jpg?sr-width=${width}`)
})

test('the example page for Next.js passes a loader to its image', async () => {
  const { default: Page } = await run(exampleWith('// app/page.tsx'))
  const { src, width, loader } = Page().props
  const given = expectAccepted(src, loader({ src, width }))
  expect(Object.fromEntries(given)).toEqual({ 'sr-width': '640', 'sr-format': 'auto' })
})

test("the example configuration for Nuxt names a provider that builds the URLs of the example's components", async () => {
  const { default: config } = await run(exampleWith('// nuxt.config.ts'))
  const { provider, options } = config.image.providers[config.image.provider]
  expect(JSON.parse(JSON.stringify(options))).toEqual(options)
  const { setup } = await run(`export { default as setup } from '${provider}'`)

  const made: object[] = []
  for (const [, text] of exampleWith('<NuxtImg').matchAll(/<NuxtImg (.*) \/>/g)) {
    const attributes = [...text.matchAll(/([:\w]+)="(.*?)"/g)].map(([, name, value]) => [name, value])
    const { src, ':modifiers': own = '{}', ...sizes } = Object.fromEntries(attributes)
    const { bound } = await run(`export const bound = ${own}`)
    const { url } = setup().getImage(src, { ...options, modifiers: { ...sizes, ...bound } })
    made.push(Object.fromEntries(expectAccepted(src, url)))
  }
  expect(made).toEqual([
    { 'sr-width': '640', 'sr-format': 'auto', 'sr-quality': '80' },
    { sr: '3', 'sr-format': 'auto', 'sr-model': 'quality' },
  ])
})

test('the example component for unpic passes a transformer to its image', async () => {
  const { Cat } = await run(exampleWith("from 'edge-srcnn/unpic'"))
  const { src, transformer, options, breakpoints, height, width } = Cat().props
  for (const breakpoint of breakpoints) {
    const size = { width: breakpoint, height: (breakpoint * height) / width, format: undefined }
    const given = expectAccepted(src, transformer(src, size, options))
    expect(given.get('sr-width')).toBe(`${breakpoint}`)
    expect(given.get('sr-format')).toBe('auto')
  }
})

test('every example in the README is run by one of these tests', () => {
  expect(examples.map(({ code }) => code).filter((code) => !seen.has(code))).toEqual([])
})

test('every subpath in the table of the README is an export of the package', () => {
  for (const [, name] of readme.matchAll(/^\| `(edge-srcnn\/\w+)` \|/gm)) {
    expect([...SUBPATHS.keys()]).toContain(name)
  }
})
