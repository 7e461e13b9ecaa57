/** Statuses that lead to another URL, in `Location` (RFC 9110, 15.4). */
export const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308]
