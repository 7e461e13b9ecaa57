/**
 * A number of seconds as HTTP writes it (delta-seconds, RFC 9111, 1.2.2), or a time in seconds since 1970;
 * undefined for all else. More than ten digits are the largest number of ten, as the RFC wants of an overflow.
 */
export function secondsOf(text: string): number | undefined {
  return /^\d+$/.test(text) ? Math.min(Number(text), 9_999_999_999) : undefined
}
