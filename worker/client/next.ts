// `edge-srcnn/next`: a loader for next/image (Next.js 13 to 16). The default export is for `images.loaderFile`,
// which requires one.
import { candidateOf } from './srcsetCandidate.ts'
import { type SrOptions, srUrl } from './url.ts'

/** The arguments that next/image passes to a loader. */
export interface LoaderProps {
  readonly src: string
  /** Width in px: one of `deviceSizes` or `imageSizes`. */
  readonly width: number
  /** 1 to 100; undefined if the image has no `quality`. */
  readonly quality?: number
}

/**
 * Returns a loader for `images.loaderFile` or for the prop `loader`. A width that the worker does not accept is rounded
 * up; with the worker's SIZES as `deviceSizes` and no `imageSizes`, no two candidates are the same picture.
 * The loader throws a RangeError as srUrl does. Default options: the worker's.
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
