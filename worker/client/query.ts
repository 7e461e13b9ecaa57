// What is ours in a URL's query: exactly `sr` (or the name that `param` gives it) and names that begin with
// `sr-`; all else belongs to the origin. Cut at its `&` by hand: URLSearchParams would rewrite it.

/** How large a picture is to be in pixels, in place of `sr`. */
export const SIZE_NAMES = ['sr-width', 'sr-height'] as const

/** A URL whose query is cut into ours and the rest, both in their order. */
export interface OwnQuery {
  /** Up to the query. */
  readonly base: string
  /** Names and values. */
  readonly ours: readonly (readonly [string, string])[]
  /** As they are: `a=1`. */
  readonly others: readonly string[]
}

/** What is ours in a URL: `param`, and whatever begins with `sr-`. */
export function splitOwn(url: string, param: string): OwnQuery {
  const [base, query] = splitQuery(url)
  const ours: [string, string][] = []
  const others: string[] = []
  for (const part of query === undefined ? [] : query.split('&')) {
    const equals = part.indexOf('=')
    const name = equals < 0 ? part : part.slice(0, equals)
    if (name === param || name.startsWith(PREFIX)) ours.push([name, equals < 0 ? '' : part.slice(equals + 1)])
    else others.push(part)
  }
  return { base, ours, others }
}

const PREFIX = 'sr-'

/** Whether a URL asks for anything: other names of ours alone do not. */
export function isAsking({ ours }: OwnQuery, param: string): boolean {
  const asking: string[] = [param, ...SIZE_NAMES]
  return ours.some(([name]) => asking.includes(name))
}

/** The URL without what is ours; undefined where it asks for nothing. */
export function withoutOwn(url: string, param: string): string | undefined {
  const query = splitOwn(url, param)
  if (!isAsking(query, param)) return undefined
  const { base, others } = query
  return others.length > 0 ? `${base}?${others.join('&')}` : base
}

function splitQuery(url: string): [string, string | undefined] {
  const hash = url.indexOf('#')
  const whole = hash < 0 ? url : url.slice(0, hash)
  const mark = whole.indexOf('?')
  return mark < 0 ? [whole, undefined] : [whole.slice(0, mark), whole.slice(mark + 1)]
}
