// The oracle of these tests: the worker's own reading of a URL, and the platform's.
import { expect } from 'vitest'
import { SIZES } from '../../../worker/client/allowed.ts'
import { resolveOptions } from '../../../worker/options.ts'
import { parseParams, QUALITIES } from '../../../worker/params.ts'
import { splitOwn } from '../../../worker/query.ts'

/** Where relative URLs are resolved: any page will do. */
export const PAGE = 'https://site.example/a/page.html'

/**
 * Expects that the worker takes `made`, and that without the worker's parameters it is the URL of `src`:
 * host, path, everything else of the query, fragment. Returns what the worker reads.
 */
export function expectAccepted(src: string, made: string, param = 'sr'): Map<string, string> {
  const settings = resolveOptions({ param })
  const url = new URL(made, PAGE)
  const before = new URL(src, PAGE)
  expect(url.hash).toBe(before.hash)
  expect(url.origin + url.pathname).toBe(before.origin + before.pathname)
  expect(splitOwn(url.href, param).others).toEqual(splitOwn(before.href, param).others)

  const { ours } = splitOwn(url.href, param)
  const given = new Map(ours)
  expect(given.size).toBe(ours.length)
  const { width, height } = { width: given.get('sr-width'), height: given.get('sr-height') }
  // Formats, qualities and names are read by the worker; a size stands in for the scale that it replaces.
  const scale = given.get(param)
  expect(scale === undefined).toBe(width !== undefined || height !== undefined)
  for (const size of [width, height]) if (size) expect(SIZES.map(String)).toContain(size)
  const asScale = ours.filter(([name]) => name !== 'sr-width' && name !== 'sr-height')
  const query = [[param, scale ?? '2'], ...asScale.filter(([name]) => name !== param)]
  const params = parseParams(`https://x.example/?${query.map((pair) => pair.join('=')).join('&')}`, settings) // prettier-ignore
  expect(QUALITIES).toContain(params?.quality)
  return given
}
