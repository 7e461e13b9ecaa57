// Separates the worker's own query parameters from the origin's. The worker's are `sr` (or the name in the option
// `param`) and all names that begin with `sr-`. The query is split at `&` by hand, because URLSearchParams would
// rewrite it.

/** Parameters that set the size of the result in pixels, instead of `sr`. */
export const SIZE_NAMES = ['sr-width', 'sr-height'] as const

/** A URL whose query is split into the worker's parameters and all others. Both lists keep the order of the URL. */
export interface OwnQuery {
  /** The URL without query and fragment. */
  readonly base: string
  /** Names and values of the worker's parameters, not decoded. */
  readonly ours: readonly (readonly [string, string])[]
  /** The other parameters, unchanged: `a=1`. */
  readonly others: readonly string[]
}

/** Splits the query of a URL. The worker's parameters are `param` and all whose names begin with `sr-`. */
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

/**
 * True if the URL asks for super resolution: it has `param`, `sr-width` or `sr-height`. Other `sr-*` parameters do not
 * suffice.
 */
export function isAsking({ ours }: OwnQuery, param: string): boolean {
  const asking: string[] = [param, ...SIZE_NAMES]
  return ours.some(([name]) => asking.includes(name))
}

/** Returns the URL without the worker's parameters, or undefined if the URL does not ask for super resolution. */
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
