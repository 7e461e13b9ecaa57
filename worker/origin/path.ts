// The path of ORIGIN_URL is a boundary. A URL parser resolves `..` and `%2e%2e` before we see a path, but leaves `..%2f`,
// which an origin may decode and resolve itself. Origins differ in how they decode, so whatever any of them reads as `..`
// is refused.

/**
 * Most times that a path may be percent-encoded. A proxy and the server behind it decode twice, and no picture has a
 * name that is encoded more often than this.
 */
const MAX_ENCODINGS = 4

/**
 * Returns true if a server could read a segment of the path as `.` or `..`: after decoding it once or several times, with
 * `\\` as a separator, without a parameter (`..;x`), without the spaces and control characters at the end that some
 * servers drop, or in UTF-8 that is longer than allowed.
 */
export function leavesBase(path: string): boolean {
  let decoded = path
  for (let times = 0; ; times++) {
    if (decoded.split(/[/\\]/).some(isRelative)) return true
    const next = decoded.replace(OVERLONG, toAscii).replace(/%([0-9a-f]{2})/gi, toCharacter)
    if (next === decoded) return false
    if (times === MAX_ENCODINGS) return true
    decoded = next
  }
}

function isRelative(segment: string): boolean {
  return /^\.\.?(?:$|;)/.test(segment.replace(IGNORED, ''))
}

/** Spaces and control characters, of which some servers drop all, and others those at the end of a segment. */
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const IGNORED = /[\0-\x20\x7f]/g

/** The dot, slash and backslash in two bytes of UTF-8, which old servers accept. */
const OVERLONG = /%c0%(?:2e|2f|5c|ae|af)|%c1%(?:1c|9c)/gi

function toAscii(encoded: string): string {
  const last = encoded.slice(-2).toLowerCase()
  return last === '2e' || last === 'ae' ? '.' : '/'
}

function toCharacter(_: string, hex: string): string {
  return String.fromCharCode(Number.parseInt(hex, 16))
}
