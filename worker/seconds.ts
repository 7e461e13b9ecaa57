/** A number of seconds as HTTP writes it (delta-seconds, RFC 9111, 1.2.2), or a time in seconds since 1970; undefined for all else. */
export function secondsOf(text: string): number | undefined {
  return /^\d{1,10}$/.test(text) ? Number(text) : undefined
}
