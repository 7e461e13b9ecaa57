// What image components hand over, in the worker's terms: their numbers may be text, their formats are named
// as in files, and they always know a width.
import { candidateOf } from './srcsetCandidate.ts'
import { FORMATS, type Format, type Scale } from './allowed.ts'
import { type SrOptions, srUrl } from './url.ts'

export interface Modifiers {
  /** In px, rounded up to the next allowed size. */
  readonly width?: number | string
  /** In px, likewise, where there is no `width` or `fit` asks for both. */
  readonly height?: number | string
  /**
   * `inside` or `contain`: the largest that fits into width and height. Default: as wide as `width`, however
   * high that is, as a srcset says widths, and as layouts that crop (`object-fit: cover`) want no less. The
   * worker itself never crops.
   */
  readonly fit?: string
  /** 1 to 100. Default: the option `quality`. */
  readonly quality?: number | string
  /**
   * `source`, `auto`, `jpeg` (or `jpg`), `png` or `webp`. `avif` is `auto`: whoever accepts it accepts WebP.
   * Default: the option `format`.
   */
  readonly format?: string
  /** 2, 3 or 4 times as large, instead of width and height, which are then for the layout alone. */
  readonly scale?: number | string
  /** `sr-model`. Default: the option `model`. */
  readonly model?: string
}

/**
 * The URL for `modifiers`; that of `src` where they say no size. Spaces are encoded, as components put it into a
 * srcset. Throws a RangeError as srUrl does.
 */
export function modifiedUrl(src: string, modifiers: Modifiers, options: SrOptions): string {
  const scale = numberOf(modifiers.scale)
  const width = scale === undefined ? numberOf(modifiers.width) : undefined
  const isHeightAsked = scale === undefined && (width === undefined || isInside(modifiers.fit))
  const height = isHeightAsked ? numberOf(modifiers.height) : undefined
  if (scale === undefined && width === undefined && height === undefined) return candidateOf(src)
  return srUrl(candidateOf(src), {
    ...options,
    scale: scale as Scale | undefined, // srUrl refuses others
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
