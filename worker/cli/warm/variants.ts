// Builds the URLs that request a picture in all wanted sizes.
import type { Format, Scale } from '../../client/allowed.ts'
import { srUrl } from '../../client/url.ts'

export interface VariantOptions {
  /** The worker's name for the parameter `sr` (SR_PARAM). */
  readonly param: string
  readonly scales: readonly Scale[]
  readonly widths: readonly number[]
  readonly format: Format | undefined
}

/** Returns a URL for each size. Replaces the worker's parameters in `url`, and keeps the rest of its query. */
export function variantsOf(url: string, { param, scales, widths, format }: VariantOptions): string[] {
  const page = new URL(url)
  page.hash = '' // a fragment is not part of a request
  const sizes = [...scales.map((scale) => ({ scale })), ...widths.map((width) => ({ width }))]
  return sizes.map((size) => srUrl(page.href, { ...size, format, param, sizes: 'any' }))
}
