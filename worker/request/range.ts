// Range requests (RFC 9110, 14): one range of bytes is answered. Several ranges and other units are ignored, as the RFC
// allows: the answer is the whole picture.

/** First and last byte, inclusive; `none` if the range lies beyond the end. */
export type Range = { readonly first: number; readonly last: number } | 'none'

/** Returns the range that a `Range` header asks for of `size` bytes; undefined for all of them. */
export function parseRange(field: string | null, size: number): Range | undefined {
  const [, from, to] = /^bytes=(\d*)-(\d*)$/i.exec(field?.trim() ?? '') ?? []
  if (from === undefined || to === undefined || from + to === '') return undefined
  if (from === '')
    return Number(to) === 0 || size === 0 ? 'none' : { first: Math.max(0, size - Number(to)), last: size - 1 }
  const [first, last] = [Number(from), to === '' ? size - 1 : Math.min(Number(to), size - 1)]
  if (to !== '' && Number(to) < first) return undefined // an invalid range is ignored (14.1.1)
  return first >= size ? 'none' : { first, last }
}
