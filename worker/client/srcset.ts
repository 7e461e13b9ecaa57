// Builds the `srcset` of a picture of known size: the picture itself and its enlargements by the worker.
import { RESULT_PIXELS, SCALES, type Scale } from './allowed.ts'
import { candidateOf } from './srcsetCandidate.ts'
import { isInline, type SrOptions, srUrl, replaceParameters } from './url.ts'

export interface SrcsetOptions extends Omit<SrOptions, 'sizes'> {
  /** The picture's URL, absolute or relative. */
  readonly src: string
  /** Width of the file in px. */
  readonly width: number
  /** Height of the file in px. If it is given, scales whose result would be too large are left out. */
  readonly height?: number
  /** Scales to offer in addition to the picture itself. Default 2, 3 and 4. */
  readonly scales?: readonly Scale[]
  /**
   * The largest number of pixels of a result. Default: the worker's, which is 25,000,000 for JPEG and `auto`, 8,000,000
   * for PNG and 4,000,000 for WebP. Without a format, the file's extension tells PNG and WebP.
   */
  readonly maxOutputPixels?: number
}

/**
 * Returns the value of a `srcset` attribute with a width (`600w`) for each candidate; the element also needs `sizes`.
 * The first candidate is the picture itself. Spaces in `src` are encoded, because they would end a candidate. Throws a
 * RangeError if a size is not a whole number above 0, and the same RangeErrors as srUrl.
 *
 * @example
 * srcset({ src: 'cat.jpg', width: 300, scales: [2, 3] })
 * // 'cat.jpg 300w, cat.jpg?sr=2 600w, cat.jpg?sr=3 900w'
 */
export function srcset({ src, width, height, scales = SCALES, maxOutputPixels, ...options }: SrcsetOptions): string {
  requirePixels('width', width)
  if (height !== undefined) requirePixels('height', height)
  const pixels = width * (height ?? 0)
  const most = maxOutputPixels ?? RESULT_PIXELS[formatOf(src, options.format)]
  const url = candidateOf(src)
  const original = isInline(url) ? url : replaceParameters(url, options.param ?? 'sr', [])
  const larger = isInline(url) ? [] : scales.filter((scale) => pixels * scale ** 2 <= most)
  const candidates = [
    `${original} ${width}w`,
    ...larger.map((scale) => `${srUrl(url, { ...options, scale })} ${width * scale}w`),
  ]
  return candidates.join(', ')
}

/** Returns the format that results will have. `auto` becomes JPEG where the result is too large for WebP. */
function formatOf(src: string, asked: SrOptions['format']): keyof typeof RESULT_PIXELS {
  if (asked === 'auto') return 'jpeg'
  const named = asked === undefined || asked === 'source' ? /\.(png|gif|bmp|webp)(?:[?#]|$)/i.exec(src)?.[1] : asked
  if (named === undefined) return 'jpeg'
  const name = named.toLowerCase()
  return name === 'jpeg' || name === 'webp' ? name : 'png'
}

function requirePixels(name: string, px: number): void {
  if (!(Number.isInteger(px) && px > 0)) throw new RangeError(`${name}: expected whole px above 0, got ${String(px)}`)
}
