// Range requests (RFC 9110, 14). A request for one range of bytes gets this range. A request for several ranges or in
// other units gets the whole picture, as the RFC allows.

/** Positions of the first and the last byte, both included. `none` if the range begins after the last byte. */
export type Range = { readonly first: number; readonly last: number } | 'none'

/**
 * Returns the range of a file of `size` bytes that a `Range` header asks for. Undefined if the whole file is to be
 * sent.
 */
export function parseRange(field: string | null, size: number): Range | undefined {
  const [, from, to] = /^bytes=(\d*)-(\d*)$/i.exec(field?.trim() ?? '') ?? []
  if (from === undefined || to === undefined || from + to === '') return undefined
  if (from === '')
    return Number(to) === 0 || size === 0 ? 'none' : { first: Math.max(0, size - Number(to)), last: size - 1 }
  const [first, last] = [Number(from), to === '' ? size - 1 : Math.min(Number(to), size - 1)]
  if (to !== '' && Number(to) < first) return undefined // an invalid range is ignored (14.1.1)
  return first >= size ? 'none' : { first, last }
}
