// Reads those headers of an origin's answer that a result inherits only in part: Link (RFC 8288) and Content-Disposition
// (RFC 6266).

const QUOTED = '"(?:[^"\\\\]|\\\\.)*"'
const PARAMETER = `;\\s*([\\w!#$&+.^\`|~*-]+)(?:\\s*=\\s*(${QUOTED}|[^\\s;,"]*))?\\s*`
/** A link: the URL, and its parameters. */
const LINK = new RegExp(`<([^<>]*)>\\s*((?:${PARAMETER})*)`, 'g')
const PARAMETERS = new RegExp(PARAMETER, 'g')

/**
 * Returns the canonical URL in a Link header, as a Link header. All other links concern the source, such as a preload of
 * it. Undefined if there is no canonical URL.
 */
export function canonicalOf(link: string | null): string | undefined {
  for (const [, url, parameters] of (link ?? '').matchAll(LINK)) {
    const given = new Map<string, string>()
    for (const [, name, value = ''] of parameters.matchAll(PARAMETERS)) {
      // If `rel` is repeated, the first one counts (RFC 8288, 3.3).
      if (!given.has(name.toLowerCase())) given.set(name.toLowerCase(), value.replaceAll('"', ''))
    }
    const relations = (given.get('rel') ?? '').toLowerCase().split(/\s+/)
    // A link with an anchor says something about another URL.
    if (relations.includes('canonical') && !given.has('anchor')) return `<${url}>; rel="canonical"`
  }
  return undefined
}

/** Returns the header as it is if the file's name still suits, else only whether the file is to be shown or saved. */
export function dispositionOf(disposition: string | null, isSameType: boolean): string | undefined {
  if (disposition === null || isSameType) return disposition ?? undefined
  return /^\s*([\w!#$%&'*+.^`|~-]+)\s*(?:;|$)/.exec(disposition)?.[1]
}
