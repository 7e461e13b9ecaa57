// `edge-srcnn/unpic`: the three functions of a provider for unpic 4, extract, generate and transform. For the
// components of @unpic/*/base, pass `transform` as the prop `transformer`.
import { splitOwn } from './query.ts'
import { type Modifiers, modifiedUrl } from './modifiers.ts'
import { type SrOptions, replaceParameters } from './url.ts'

/**
 * unpic's `operations`: width, height, format and quality, plus the worker's `scale` and `model`, and `fit` to fit the
 * result into both width and height.
 */
export interface SrOperations extends Modifiers {}

/** A URL as a string or as the URL object of any platform. */
type UrlLike = string | { readonly href: string }

/**
 * Returns the operations that a URL already contains and the URL without them, or null if the URL contains no
 * operations.
 *
 * @example
 * extract('/cat.jpg?v=7&sr-width=640&sr-quality=80')
 * // { src: '/cat.jpg?v=7', operations: { width: 640, quality: 80 }, options: {} }
 */
export function extract(
  url: UrlLike,
  { param = 'sr' }: SrOptions = {},
): { src: string; operations: SrOperations; options: SrOptions } | null {
  const whole = textOf(url)
  const { ours } = splitOwn(whole, param)
  if (ours.length === 0) return null
  const given = new Map(ours)
  const number = (name: string) => (given.has(name) ? Number(given.get(name)) : undefined)
  const operations = {
    scale: number(param),
    width: number('sr-width'),
    height: number('sr-height'),
    fit: given.has('sr-width') && given.has('sr-height') ? 'inside' : undefined,
    format: given.get('sr-format'),
    quality: number('sr-quality'),
    model: given.get('sr-model'),
  }
  return {
    src: replaceParameters(whole, param, []),
    operations: withoutUndefined(operations),
    options: param === 'sr' ? {} : { param },
  }
}

/**
 * Returns `src` with the worker's parameters for `operations`. If `operations` contain no size, no parameters are
 * added. Pass `format` in `options`, because unpic's components drop the operation `format` from their srcset. The
 * options apply to every picture. Throws the same RangeErrors as srUrl.
 *
 * @example
 * generate('/cat.jpg', { width: 600 }, { format: 'auto' })
 * // '/cat.jpg?sr-width=640&sr-format=auto'
 */
export function generate(src: UrlLike, operations: SrOperations, options: SrOptions = {}): string {
  return modifiedUrl(textOf(src), operations, options)
}

/**
 * Returns `src` with `operations` in place of the operations that `src` already contains. A new size replaces the old
 * one, even if one is a scale and the other a width. Throws the same RangeErrors as srUrl.
 *
 * @example
 * transform('/cat.jpg?sr=3&sr-format=webp', { width: 600 })
 * // '/cat.jpg?sr-width=640&sr-format=webp'
 */
export function transform(src: UrlLike, operations: SrOperations, options: SrOptions = {}): string {
  const found = extract(src, options)
  if (!found) return generate(src, operations, options)
  const { scale, width, height, fit, ...rest } = found.operations
  const wanted = withoutUndefined(operations)
  const hasSize = 'scale' in wanted || 'width' in wanted || 'height' in wanted
  return generate(found.src, { ...(hasSize ? {} : { scale, width, height, fit }), ...rest, ...wanted }, options)
}

function textOf(url: UrlLike): string {
  return typeof url === 'string' ? url : url.href
}

function withoutUndefined<T extends object>(object: T): T {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T
}
