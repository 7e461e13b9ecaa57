// Makes URLs and errors fit for the log. The query of a URL may contain secrets, such as the signature of a URL or an
// access token of the origin, so no line of the log contains one.

/** Returns the URL without its credentials, query and fragment. */
export function loggableUrl(url: string): string {
  return url.replace(/[?#].*$/s, '').replace(/^([a-z][a-z0-9+.-]*:)?\/\/[^/@]*@/i, '$1//')
}

/**
 * Returns the stacks of an error and of its causes, without the query of any URL in their messages. Errors of `fetch` and
 * `URL` quote the URL that they were given, and errors of an app's own stores may do so, too.
 */
export function loggableError(error: unknown): string {
  const parts: string[] = []
  for (let cause = error, depth = 0; cause !== undefined && depth < MAX_CAUSES; depth++) {
    parts.push(cause instanceof Error ? (cause.stack ?? `${cause.name}: ${cause.message}`) : String(cause))
    cause = cause instanceof Error ? cause.cause : undefined
  }
  return withoutQueries(parts.join('\ncaused by '))
}

/** Enough for any real error. A chain of causes may also be a circle. */
const MAX_CAUSES = 8

/** Cuts everything from a `?` or `#` within a word to the end of the word, and the credentials of URLs. */
function withoutQueries(text: string): string {
  return text.replace(/(?<=\S)[?#][^\s"<>]+/g, '?…').replace(/(?<=:\/\/)[^\s/@"<>]+@/g, '')
}
