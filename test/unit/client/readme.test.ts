// Runs every example in worker/client/README.md and in the comments of worker/client.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { SIZES } from '../../../worker/client/allowed.ts'
import { getImage } from '../../../worker/client/nuxt.ts'
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
  for (const { src, ':modifiers': own = '{}', width, height, quality } of nuxtImages()) {
    const { bound } = await run(`export const bound = ${own}`)
    const { url } = setup().getImage(src, { ...options, modifiers: { width, height, quality, ...bound } })
    made.push(Object.fromEntries(expectAccepted(src, url)))
  }
  expect(made).toEqual([
    { 'sr-width': '640', 'sr-format': 'auto', 'sr-quality': '75' },
    { sr: '3', 'sr-format': 'auto', 'sr-model': 'quality' },
    { 'sr-width': '640', 'sr-format': 'auto' },
  ])
})

test("the example's candidates for Nuxt are as wide as they say, and a phone that needs 824 px gets 960", async () => {
  const { default: config } = await run(exampleWith('// nuxt.config.ts'))
  const image = nuxtImages().find(({ sizes }) => sizes)!
  const screens = { ...NUXT_SCREENS, ...config.image.screens }
  const candidates = nuxtCandidates(image.sizes, image.densities, screens)
  expect(candidates).toEqual([320, 640, 960, 1280, 1920])
  for (const width of candidates) {
    expect(getImage(image.src, { modifiers: { width } }).url).toBe(`${image.src}?sr-width=${width}`)
  }
  expect(candidates.find((width) => width >= 824)).toBe(960)
})

test("@nuxt/image's defaults make candidates that are wider than they say", () => {
  const candidates = nuxtCandidates('sm:100vw md:400px', '1 2', NUXT_SCREENS)
  expect(candidates.map((width) => `${getImage('/a', { modifiers: { width } }).url} ${width}w`)).toEqual([
    '/a?sr-width=640 400w',
    '/a?sr-width=640 640w',
    '/a?sr-width=960 800w',
    '/a?sr-width=1280 1280w',
  ])
})

/** Returns the attributes of each image in the example for Nuxt. */
function nuxtImages(): Record<string, string>[] {
  const tags = [...exampleWith('<NuxtImg').matchAll(/<NuxtImg (.*) \/>/g)]
  return tags.map(([, text]) => Object.fromEntries([...text.matchAll(/([:\w]+)="(.*?)"/g)].map((one) => one.slice(1))))
}

/** The default `screens` of @nuxt/image 2.1. The configuration of a project is merged with them. */
const NUXT_SCREENS = { sm: 640, md: 768, lg: 1024, xl: 1280, '2xl': 1536 }

/**
 * Returns the widths of a srcset by the rule of @nuxt/image 2.1 (getSizes in runtime/image.js), whose own results for
 * both tests above are the same: each entry of `sizes`, in px or as a part of its screen, at each density.
 */
function nuxtCandidates(sizes: string, densities: string, screens: Record<string, number>): number[] {
  const widths = sizes.split(' ').flatMap((entry) => {
    const [screen, size] = entry.split(':')
    const width = size.endsWith('vw')
      ? Math.round((Number.parseInt(size) / 100) * screens[screen])
      : Number.parseInt(size)
    return densities.split(' ').map((density) => width * Number(density))
  })
  return [...new Set(widths)].toSorted((a, b) => a - b)
}

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
