// `edge-srcnn/unpic`: extract, generate and transform as unpic 4 has them for each of its providers. The
// components of @unpic/*/base take `transform` as their `transformer`.
import { splitOwn } from './query.ts'
import { type Modifiers, modifiedUrl } from './modifiers.ts'
import { type SrOptions, replaceParameters } from './url.ts'

/** unpic's `operations`: width, height, format, quality, and the worker's `scale` and `model`; `fit` for both sizes. */
export interface SrOperations extends Modifiers {}

/** A string, or a URL as platforms have it. */
type UrlLike = string | { readonly href: string }

/**
 * What a URL asks the worker for already, and the URL without it; null where it asks for nothing.
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
 * The URL of `src` for `operations`; as it is where they say no size. `options` are what every picture gets:
 * unpic's components lose an operation `format` in their srcset, so say it here. Throws a RangeError as srUrl does.
 *
 * @example
 * generate('/cat.jpg', { width: 600 }, { format: 'auto' })
 * // '/cat.jpg?sr-width=640&sr-format=auto'
 */
export function generate(src: UrlLike, operations: SrOperations, options: SrOptions = {}): string {
  return modifiedUrl(textOf(src), operations, options)
}

/**
 * `src` with `operations` over those that it has. A size replaces the size that it has, whichever way either
 * is said. Throws a RangeError as srUrl does.
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
