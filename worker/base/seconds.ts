/**
 * Parses a whole number of seconds: a duration in an HTTP header (delta-seconds, RFC 9111, 1.2.2), or a time since
 * 1970. Returns undefined for any other text. A number above 9,999,999,999 counts as 9,999,999,999, because the RFC
 * asks for such a maximum.
 */
export function parseSeconds(text: string): number | undefined {
  return /^\d+$/.test(text) ? Math.min(Number(text), 9_999_999_999) : undefined
}
