// Targets for requests to the origin: which redirects are followed, and which URL is fetched for a visitor's URL.
import { SrError } from '../../../worker/base/errors.ts'
import type { Random } from '../../../worker/image/prng.ts'
import { createOrigin, mayFollow } from '../../../worker/origin/origin.ts'
import { pick } from '../draw.ts'
import { defineTarget, ensure, type FuzzTarget } from '../fuzz.ts'
import { maybeMutateText } from '../mutateText.ts'

const URL_WORDS = [
  'img.example',
  'cdn.example',
  'evil.example',
  'https:',
  'http:',
  '//',
  '\\',
  '@',
  ':443',
  ':80',
  ':8080',
  'localhost',
  '127.0.0.1',
  '[::1]',
  '%2e',
  '。',
  'blob:',
  'javascript:',
  'data:',
  '\t',
  'a:b@',
  'xn--',
  '../',
  '%00',
  '?',
  '#',
]

interface RedirectInput {
  readonly location: string
  /** The origin that sends the redirect. */
  readonly own: string
  /** Further hosts to which redirects may lead. */
  readonly hosts: readonly string[]
}

const LOCATIONS = [
  '/b.jpg',
  'b.jpg?x=1',
  '//cdn.example/b',
  'https://img.example/b',
  'https://cdn.example/b.jpg',
  'http://img.example:8080/b',
  'https://a:b@cdn.example/',
  'blob:https://img.example/1',
  'https://evil.example/#@img.example',
]
const OWN_ORIGINS = ['https://img.example', 'http://img.example', 'http://img.example:8080', 'https://10.0.0.1:8443']

function makeRedirect(random: Random): RedirectInput {
  const location = pick(random, LOCATIONS)
  return {
    location: maybeMutateText(random, location, URL_WORDS),
    own: pick(random, OWN_ORIGINS),
    hosts: pick(random, [[], ['cdn.example'], ['cdn.example', 'xn--bcher-kva.example']]),
  }
}

function checkRedirect({ location, own, hosts }: RedirectInput): boolean {
  if (!URL.canParse(location, own)) return false
  const next = new URL(location, own)
  const isFollowed = mayFollow(next, own, hosts)
  // The expected answer comes from the text of the URL that will be requested. mayFollow() uses the fields of the URL
  // object instead.
  const [, scheme, host, port = ''] = /^(https?):\/\/([^/?#@:]+|\[[^\]]*\])(:\d+)?(?:[/?#]|$)/.exec(next.href) ?? []
  const isOwn = `${scheme}://${host}${port}` === own
  const isListed = hosts.includes(host) && port === '' && (scheme === 'https' || own.startsWith('http:'))
  ensure(isFollowed === (scheme !== undefined && (isOwn || isListed)), () => `${next.href}: ${isFollowed}`)
  return isFollowed
}

interface VisitInput {
  /** The visitor's URL. */
  readonly url: string
  /** The worker's ORIGIN_URL. */
  readonly origin: string | undefined
}

const PATHS = [
  '/a.jpg',
  '//evil.example/a.jpg',
  '/../../a',
  '/%2e%2e/a',
  '/@evil.example',
  '/\\evil.example',
  '/a?b=//c',
  '',
]
const ORIGIN_URLS = [undefined, 'https://img.example', 'https://img.example/base', 'http://img.example:8080/base/']

function makeVisit(random: Random): VisitInput {
  const path = pick(random, PATHS)
  return {
    url: `https://visitor.example${maybeMutateText(random, path, URL_WORDS)}`,
    origin: pick(random, ORIGIN_URLS),
  }
}

async function checkVisit({ url, origin }: VisitInput): Promise<boolean> {
  // new Request() refuses a URL with credentials.
  if (!URL.canParse(url) || new URL(url).username || new URL(url).password) return false
  const request = new Request(url)
  const fetched = await fetchedUrls(request, origin, url)
  ensure(fetched.length <= 1, "a redirect of a visitor's own request was followed")
  for (const one of fetched) {
    const [to, own] = [new URL(one), new URL(origin ?? request.url)]
    ensure(to.origin === own.origin, () => `fetches from ${to.origin}`)
    ensure(!origin || to.pathname.startsWith(own.pathname.replace(/\/$/, '')), () => `fetches ${to.pathname}`)
  }
  return fetched.length > 0
}

type Context = Parameters<ReturnType<typeof createOrigin>>[0]

/** Returns the URLs that the origin handler fetches. Each fetch is answered with a redirect to `location`. */
async function fetchedUrls(request: Request, origin: string | undefined, location: string): Promise<string[]> {
  const urls: string[] = []
  const realFetch = globalThis.fetch
  globalThis.fetch = (input) => {
    urls.push((input as Request).url)
    return Promise.resolve(new Response('', { status: 302, headers: { location } }))
  }
  try {
    await createOrigin(origin, 60_000)({ req: { raw: request } } as unknown as Context)
  } catch (error) {
    if (!(error instanceof SrError)) throw error
  } finally {
    globalThis.fetch = realFetch
  }
  return urls
}

export function originTargets(): FuzzTarget[] {
  return [
    defineTarget({
      name: 'redirect',
      about: 'mayFollow: redirects only to the origin or a listed host, judged by the text of the URL',
      share: 40,
      make: makeRedirect,
      check: checkRedirect,
    }),
    defineTarget({
      name: 'way',
      about: "createOrigin: no visitor's path leads to another host or above the path of ORIGIN_URL",
      share: 5,
      make: makeVisit,
      check: checkVisit,
    }),
  ]
}
