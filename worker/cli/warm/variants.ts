// The URLs by which a picture is asked for.
import type { Format, Scale } from '../../client/allowed.ts'
import { srUrl } from '../../client/url.ts'

export interface VariantOptions {
  /** The worker's SR_PARAM. */
  readonly param: string
  readonly scales: readonly Scale[]
  readonly widths: readonly number[]
  readonly format: Format | undefined
}

/** What a URL asks for already is replaced, the rest of its query stays as it is. */
export function variantsOf(url: string, { param, scales, widths, format }: VariantOptions): string[] {
  const page = new URL(url)
  page.hash = '' // no part of a request
  const sizes = [...scales.map((scale) => ({ scale })), ...widths.map((width) => ({ width }))]
  return sizes.map((size) => srUrl(page.href, { ...size, format, param, sizes: 'any' }))
}
