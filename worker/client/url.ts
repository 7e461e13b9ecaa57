// Writes the worker's parameters into the URL of a picture. URLs are edited as strings, so that a relative URL stays
// relative and the rest of the query and the fragment keep every byte. URL and URLSearchParams would change them.
import { splitOwn } from './query.ts'
import { FORMATS, type Format, nearestQuality, SCALES, SERVED_QUALITIES, SIZES, type Scale } from './allowed.ts'

/** Options that a site usually sets once for all its pictures. */
export interface SrOptions {
  /** File format (`sr-format`). Default: the worker's, `source`, which is the format of the original. */
  readonly format?: Format
  /** Quality (`sr-quality`) from 1 to 100, rounded to the nearest of `qualities`. Default: the worker's (85). */
  readonly quality?: number
  /** Name of the model (`sr-model`). Default: the worker's (`auto`). */
  readonly model?: string
  /** Name of the scale parameter, as in the worker's option `param`. Default `sr`. */
  readonly param?: string
  /**
   * Widths and heights in px that the worker accepts. If URLs are signed, `any` stands for every whole number. Default
   * 320, 640, 960, 1280, 1920, 2560.
   */
  readonly sizes?: readonly number[] | 'any'
  /** Qualities that the worker makes, as in its option `qualities`. Default 75, 85. */
  readonly qualities?: readonly number[]
}

/** The options, and the size of the result: a scale, a width, a height, or a width and a height. */
export interface SrUrlOptions extends SrOptions {
  /** How many times as wide and as high the result is: 2, 3 or 4. */
  readonly scale?: Scale
  /** Width in px, rounded up to the next allowed size, or down to the largest one. */
  readonly width?: number
  /** Height in px, rounded like `width`. If both are given, the result is the largest picture that fits into them. */
  readonly height?: number
}

/**
 * Returns `src`, an absolute or relative URL, with the parameters for a sharper picture. Parameters of the worker that
 * `src` already has are removed. This includes a signature, so sign the URL last. `data:` and `blob:` URLs are returned
 * unchanged. Throws a RangeError that says what was expected if a value is not allowed.
 *
 * @example
 * srUrl('/cat.jpg?v=7#eyes', { scale: 3 })
 * // '/cat.jpg?v=7&sr=3#eyes'
 * srUrl('/cat.jpg', { width: 600, quality: 78 })
 * // '/cat.jpg?sr-width=640&sr-quality=75'
 */
export function srUrl(
  src: string,
  {
    scale,
    width,
    height,
    format,
    quality,
    model,
    param = 'sr',
    sizes = SIZES,
    qualities = SERVED_QUALITIES,
  }: SrUrlOptions,
): string {
  const ours: string[] = []
  if (scale !== undefined) {
    if (width !== undefined || height !== undefined)
      throw new RangeError('expected a scale, or a width and a height, got both')
    ours.push(`${param}=${oneOf('scale', scale, SCALES)}`)
  } else if (width === undefined && height === undefined) {
    throw new RangeError('expected a scale, a width or a height, got none')
  }
  if (width !== undefined) ours.push(`sr-width=${allowedSize('width', width, sizes)}`)
  if (height !== undefined) ours.push(`sr-height=${allowedSize('height', height, sizes)}`)
  if (format !== undefined) ours.push(`sr-format=${oneOf('format', format, FORMATS)}`)
  if (quality !== undefined) ours.push(`sr-quality=${allowedQuality(quality, qualities)}`)
  if (model !== undefined) ours.push(`sr-model=${nameOf(model)}`)
  return isInline(src) ? src : replaceParameters(src, param, ours)
}

/**
 * True for URLs that never reach the worker: they contain the picture (`data:`) or refer to the page's memory
 * (`blob:`).
 */
export function isInline(src: string): boolean {
  return /^(?:data|blob):/i.test(src)
}

/** Removes the worker's parameters from `src` and appends `ours`. Throws a RangeError for an invalid `param`. */
export function replaceParameters(src: string, param: string, ours: readonly string[]): string {
  // Only characters that need no encoding in a URL are allowed, as in the worker's option `param`.
  if (!/^[\w.~-]+$/.test(param) || param.startsWith('sr-')) {
    throw new RangeError(
      `param: expected letters, digits and . _ ~ -, not beginning with sr-, got ${JSON.stringify(param)}`,
    )
  }
  const hash = src.indexOf('#')
  const fragment = hash < 0 ? '' : src.slice(hash)
  const { base, others } = splitOwn(src, param)
  const query = [...others, ...ours]
  return base + (query.length > 0 ? `?${query.join('&')}` : '') + fragment
}

function oneOf<T>(name: string, value: T, allowed: readonly T[]): T {
  if (allowed.includes(value)) return value
  throw new RangeError(`${name}: expected one of ${allowed.join(', ')}, got ${String(value)}`)
}

/** Returns the smallest allowed size that is at least `px`, or the largest allowed size if all are smaller. */
function allowedSize(name: string, px: number, sizes: readonly number[] | 'any'): number {
  if (!(Number.isFinite(px) && px > 0)) throw new RangeError(`${name}: expected px above 0, got ${String(px)}`)
  if (sizes === 'any') return Math.ceil(px)
  if (sizes.length === 0) throw new RangeError("sizes: expected a list of px, or 'any', got none")
  const covering = sizes.filter((size) => size >= px)
  return covering.length > 0 ? Math.min(...covering) : Math.max(...sizes)
}

function allowedQuality(quality: number, qualities: readonly number[]): number {
  if (!(quality >= 1 && quality <= 100)) throw new RangeError(`quality: expected 1 to 100, got ${String(quality)}`)
  if (qualities.length === 0) throw new RangeError('qualities: expected a list of qualities, got none')
  return nearestQuality(quality, qualities)
}

function nameOf(model: string): string {
  if (/^[a-z][a-z0-9-]*$/.test(model)) return model
  throw new RangeError(`model: expected a name like srcnn, got ${JSON.stringify(model)}`)
}
