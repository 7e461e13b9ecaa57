// Requests a URL and follows redirects, as a browser does, but only a few of them.
import { discard } from '../base/discard.ts'
import { REDIRECTS } from '../base/redirects.ts'

/** Sites redirect from http to https, to www, and to where a file has moved. */
const MAX_REDIRECTS = 5

/**
 * Requests `url` and what it redirects to, over http or https. Rejects after MAX_REDIRECTS, and if a body is encoded more
 * than once: fetch decodes it, and a header can name thousands of encodings.
 */
export async function follow(
  url: string,
  { headers, signal }: { headers: Record<string, string>; signal: AbortSignal },
): Promise<Response> {
  let at = url
  for (let redirects = 0; ; redirects++) {
    const response = await fetch(at, { headers, signal, redirect: 'manual' })
    const location = REDIRECTS.includes(response.status) ? response.headers.get('location') : null
    if (location === null) {
      if (!response.headers.get('content-encoding')?.includes(',')) return response
      discard(response.body)
      throw new Error('expected a body that is encoded once at most')
    }
    discard(response.body)
    if (redirects === MAX_REDIRECTS) throw new Error(`expected at most ${MAX_REDIRECTS} redirects, got more`)
    if (!URL.canParse(location, at) || !/^https?:$/.test(new URL(location, at).protocol)) {
      throw new Error(`expected a redirect to a URL of http or https, got "${location}"`)
    }
    at = new URL(location, at).href
  }
}
