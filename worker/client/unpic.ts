// `edge-srcnn/unpic`: the functions extract, generate and transform that unpic 4 has for each of its providers. The
// components of @unpic/*/base take `transform` as their `transformer`.
import { splitOwn } from './query.ts'
import { type Modifiers, modifiedUrl } from './modifiers.ts'
import { type SrOptions, replaceParameters } from './url.ts'

/**
 * unpic's `operations`: width, height, format and quality, plus the worker's `scale` and `model`, and `fit` to fit the
 * result into both width and height.
 */
export interface SrOperations extends Modifiers {}

/** A string, or an object like the URL of every platform. */
type UrlLike = string | { readonly href: string }

/**
 * Returns the operations that a URL already contains, and the URL without them; null if it has none.
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
 * Returns the URL of `src` for `operations`, unchanged if they contain no size. `options` hold for every picture; put
 * `format` there, because unpic's components lose the operation of that name in their srcset. Throws a RangeError as
 * srUrl does.
 *
 * @example
 * generate('/cat.jpg', { width: 600 }, { format: 'auto' })
 * // '/cat.jpg?sr-width=640&sr-format=auto'
 */
export function generate(src: UrlLike, operations: SrOperations, options: SrOptions = {}): string {
  return modifiedUrl(textOf(src), operations, options)
}

/**
 * Returns `src` with `operations` in place of the operations it already contains. A new size replaces the old one, even
 * if one is a scale and the other a width. Throws a RangeError as srUrl does.
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
