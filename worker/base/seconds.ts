/**
 * Parses a number of seconds as HTTP writes it (delta-seconds, RFC 9111, 1.2.2), or a time in seconds since 1970.
 * Returns undefined for everything else. A number of more than ten digits counts as the largest of ten, as the RFC
 * asks for an overflow.
 */
export function parseSeconds(text: string): number | undefined {
  return /^\d+$/.test(text) ? Math.min(Number(text), 9_999_999_999) : undefined
}
