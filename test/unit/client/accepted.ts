// Checks URLs that the client builds, with the worker's own parser of parameters and the platform's parser of URLs.
import { expect } from 'vitest'
import { resolveOptions } from '../../../worker/options.ts'
import { parseParams } from '../../../worker/request/params.ts'
import { splitOwn } from '../../../worker/client/query.ts'

/** The page against which relative URLs are resolved. */
export const PAGE = 'https://site.example/a/page.html'

/**
 * Expects that the worker accepts the URL `made`, and that `made` differs from `src` only in the worker's parameters.
 * Returns the worker's parameters in `made`.
 */
export function expectAccepted(src: string, made: string, param = 'sr'): Map<string, string> {
  const settings = resolveOptions({ param })
  const url = new URL(made, PAGE)
  const before = new URL(src, PAGE)
  expect(url.hash).toBe(before.hash)
  expect(url.origin + url.pathname).toBe(before.origin + before.pathname)
  expect(splitOwn(url.href, param).others).toEqual(splitOwn(before.href, param).others)

  const params = parseParams(splitOwn(url.href, param), settings)
  expect(params).toBeDefined()
  const given = new Map(splitOwn(url.href, param).ours)
  const quality = given.get('sr-quality')
  if (quality !== undefined) expect(settings.qualities).toContain(Number(quality))
  return given
}
