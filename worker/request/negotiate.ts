// Chooses formats by what a visitor's browser takes (Accept, RFC 9110, 12.5.1). The origin is asked with an Accept of our
// own (origin/source.ts), so where it chooses by Accept, its choice was not made for the visitor.
import type { Format } from '../client/allowed.ts'
import type { Header } from '../codec/header.ts'
import { isNegotiated } from '../origin/freshness.ts'
import type { Wish } from '../picture/wish.ts'

/** Returns `auto` for a browser that names WebP in Accept, else, in place of `auto`, the source's format. */
export function negotiate(format: Format, accept: string | null): Format {
  if (format !== 'auto') return format
  return rangesOf(accept ?? '').some(({ type, isRefused }) => type === 'image/webp' && !isRefused) ? 'auto' : 'source'
}

/**
 * Returns the wish with a format that every browser takes, if the source is a WebP that the origin may have chosen by
 * Accept. The result is the same for all visitors, and the origin may have other formats for some of them.
 */
export function inCommonFormat(wish: Wish, { type, alpha }: Pick<Header, 'type' | 'alpha'>, headers: Headers): Wish {
  const isChosen = wish.format === 'source' && type === 'webp' && isNegotiated(headers)
  return isChosen ? { ...wish, format: alpha ? 'png' : 'jpeg' } : wish
}

/**
 * Returns false if the origin may have another original for this visitor: it chooses by Accept, and the one that it chose
 * for us is of a type that the visitor's Accept rules out.
 */
export function suits({ headers }: Request, original: Headers, type = original.get('content-type')): boolean {
  return !type || !isNegotiated(original) || accepts(headers.get('accept'), type)
}

/** Returns true if a media type is accepted: by the most specific range that matches it. */
function accepts(accept: string | null, contentType: string): boolean {
  if (accept === null) return true
  const type = contentType.split(';', 1)[0].trim().toLowerCase()
  const ranges = rangesOf(accept)
  const matching = [type, `${type.split('/', 1)[0]}/*`, '*/*'].map((one) => ranges.find((range) => range.type === one))
  const first = matching.find((range) => range !== undefined)
  return first !== undefined && !first.isRefused
}

function rangesOf(accept: string): { readonly type: string; readonly isRefused: boolean }[] {
  return accept.split(',').map((range) => {
    const [type, ...params] = range.toLowerCase().split(';')
    return { type: type.trim(), isRefused: params.some((param) => /^q=0(\.0*)?$/.test(param.trim())) }
  })
}
