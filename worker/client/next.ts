// `edge-srcnn/next`: a loader for next/image (Next.js 13 to 16). The default export is the loader for
// `images.loaderFile`.
import { candidateOf } from './srcsetCandidate.ts'
import { type SrOptions, srUrl } from './url.ts'

/** The arguments that next/image passes to a loader. */
export interface LoaderProps {
  readonly src: string
  /** Width in px: one of `deviceSizes` or `imageSizes`. */
  readonly width: number
  /** Quality from 1 to 100; undefined if the image has no `quality`. */
  readonly quality?: number
}

/**
 * Returns a loader for `images.loaderFile` or for the prop `loader`. The loader rounds a width up to the next one that
 * the worker accepts. Set `deviceSizes` to the worker's SIZES and `imageSizes` to `[]`, so that no two candidates of a
 * srcset are rounded to the same width. The loader throws the same RangeErrors as srUrl. Missing options have the
 * worker's defaults.
 *
 * @example
 * const loader = createLoader({ format: 'auto' })
 * loader({ src: '/cat.jpg', width: 640, quality: 75 })
 * // '/cat.jpg?sr-width=640&sr-format=auto&sr-quality=75'
 */
export function createLoader(options: SrOptions = {}): (props: LoaderProps) => string {
  // next/image also passes its own configuration, which the worker does not need.
  return ({ src, width, quality = options.quality }) => srUrl(candidateOf(src), { ...options, width, quality })
}

export default createLoader()
