// Range requests on bytes that we have (RFC 9110, 14): one range of bytes. Several, and other units, may be
// ignored, and are: the whole picture answers them.

/** First and last byte, inclusive; `none`: nothing of what is asked for exists. */
export type Range = { readonly first: number; readonly last: number } | 'none'

/** What a `Range` field asks of `size` bytes; undefined: all of them. */
export function parseRange(field: string | null, size: number): Range | undefined {
  const [, from, to] = /^bytes=(\d*)-(\d*)$/i.exec(field?.trim() ?? '') ?? []
  if (from === undefined || to === undefined || from + to === '') return undefined
  if (from === '')
    return Number(to) === 0 || size === 0 ? 'none' : { first: Math.max(0, size - Number(to)), last: size - 1 }
  const [first, last] = [Number(from), to === '' ? size - 1 : Math.min(Number(to), size - 1)]
  if (to !== '' && Number(to) < first) return undefined // no valid range (14.1.1): as if it was not there
  return first >= size ? 'none' : { first, last }
}
