// Values for header fields of requests and responses.

/**
 * Dates in the formats of RFC 9110, section 5.6.7, and invalid dates. The first two dates are in the preferred format,
 * because they also serve as Last-Modified of stored results.
 */
export const HTTP_DATES = [
  'Thu, 01 Jan 2026 00:00:00 GMT',
  'Wed, 31 Dec 2025 23:59:59 GMT',
  'Thursday, 01-Jan-26 00:00:00 GMT',
  'Thu Jan  1 00:00:00 2026',
  '0',
  '-1',
  'Thu, 32 Jan 2026 00:00:00 GMT',
  'Tue, 19 Jan 2038 03:14:08 GMT',
]

/**
 * Drops the characters that a header field cannot have on the wire: control characters except tab, and characters that
 * take more than one byte.
 */
export function fieldText(text: string): string {
  return text.replaceAll(/[^\t\x20-\x7e\x80-\xff]/g, '')
}
