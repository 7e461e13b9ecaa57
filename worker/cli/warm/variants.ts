// The URLs by which a picture is asked for.
import { splitOwn } from '../../query.ts'

export interface Wanted {
  /** The worker's SR_PARAM. */
  readonly param: string
  readonly scales: readonly number[]
  readonly widths: readonly number[]
  readonly format: string | undefined
}

/** What a URL asks for already is replaced, the rest of its query stays as it is. */
export function variantsOf(url: string, { param, scales, widths, format }: Wanted): string[] {
  const { base, others } = splitOwn(new URL(url).href, param)
  const sizes = [...scales.map((scale) => `${param}=${scale}`), ...widths.map((width) => `sr-width=${width}`)] // prettier-ignore
  const rest = format === undefined ? [] : [`sr-format=${format}`]
  return sizes.map((size) => `${base}?${[...others, size, ...rest].join('&')}`)
}
