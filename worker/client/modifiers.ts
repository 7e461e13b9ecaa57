// Translates the modifiers of image components into the worker's parameters. The components may pass numbers as text
// and formats as file extensions (`jpg`), and nearly always pass a width.
import { candidateOf } from './srcsetCandidate.ts'
import { FORMATS, type Format, type Scale } from './allowed.ts'
import { type SrOptions, srUrl } from './url.ts'

export interface Modifiers {
  /** Width in px, rounded up to the next allowed size. */
  readonly width?: number | string
  /** Height in px, rounded up like `width`. Ignored if `width` is given, unless `fit` is `inside` or `contain`. */
  readonly height?: number | string
  /**
   * With `inside` or `contain`, the result is the largest picture that fits into `width` and `height`. By default the
   * result is as wide as `width` and `height` is ignored, because a srcset describes widths and because layouts that
   * crop (`object-fit: cover`) need the full width. The worker itself never crops.
   */
  readonly fit?: string
  /** Quality from 1 to 100. Default: the option `quality`. */
  readonly quality?: number | string
  /**
   * `source`, `auto`, `jpeg` (or `jpg`), `png` or `webp`. `avif` means `auto`, because browsers that accept AVIF accept
   * WebP, too. Default: the option `format`.
   */
  readonly format?: string
  /**
   * How many times as wide and as high the result is: 2, 3 or 4. If `scale` is given, `width` and `height` are used
   * only for the layout.
   */
  readonly scale?: number | string
  /** Name of the model (`sr-model`). Default: the option `model`. */
  readonly model?: string
}

/**
 * Returns `src` with the worker's parameters for `modifiers`. If `modifiers` contain no size, no parameters are added.
 * Spaces are encoded, because components put the URL into a srcset. Throws the same RangeErrors as srUrl.
 */
export function modifiedUrl(src: string, modifiers: Modifiers, options: SrOptions): string {
  const scale = numberOf(modifiers.scale)
  const width = scale === undefined ? numberOf(modifiers.width) : undefined
  const isHeightAsked = scale === undefined && (width === undefined || isInside(modifiers.fit))
  const height = isHeightAsked ? numberOf(modifiers.height) : undefined
  if (scale === undefined && width === undefined && height === undefined) return candidateOf(src)
  return srUrl(candidateOf(src), {
    ...options,
    scale: scale as Scale | undefined, // srUrl refuses other values
    width,
    height,
    quality: numberOf(modifiers.quality) ?? options.quality,
    format: modifiers.format ? formatOf(modifiers.format) : options.format,
    model: modifiers.model ?? options.model,
  })
}

function isInside(fit: string | undefined): boolean {
  return fit === 'inside' || fit === 'contain'
}

function numberOf(value: number | string | undefined): number | undefined {
  return value === undefined || value === '' ? undefined : Number(value)
}

const SYNONYMS = new Map<string, Format>([
  ['jpg', 'jpeg'],
  ['avif', 'auto'],
])

function formatOf(name: string): Format {
  const format = SYNONYMS.get(name) ?? FORMATS.find((known) => known === name)
  if (format) return format
  throw new RangeError(
    `format: expected one of ${[...FORMATS, ...SYNONYMS.keys()].join(', ')}, got ${JSON.stringify(name)}`,
  )
}
