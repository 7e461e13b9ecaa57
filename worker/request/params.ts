// Reads our own parameters from a URL's query, and leaves every byte of the other parameters unchanged.
import { quoted, SrError } from '../base/errors.ts'
import { parseSeconds } from '../base/seconds.ts'
import { QUALITIES, SCALES } from '../client/allowed.ts'
import { isAsking, type OwnQuery, SIZE_NAMES } from '../client/query.ts'
import type { Settings } from '../options.ts'
import type { Size, Wish } from '../picture/wish.ts'

/** The value of `sr-format` that asks for a description of the result instead of the result. */
const DESCRIPTION_FORMAT = 'json'

/** What a request asks for. */
export interface Params {
  readonly wish: Wish
  /** True if only a description is asked for, as JSON. */
  readonly isDescriptionOnly: boolean
  /**
   * The URL that the origin is asked for: without our own parameters, and with only those other parameters that the
   * option `query` keeps.
   */
  readonly sourceUrl: string
  /** When a signed URL expires, in seconds since 1970. Undefined if the URL has no `sr-exp`. */
  readonly endsAt?: number
}

/**
 * Returns undefined if the request asks for no size, because such a request is not for us. Throws an SrError (400) that
 * says what was expected if a value is wrong, a name is unknown or a parameter is repeated.
 */
export function parseParams(query: OwnQuery, settings: Settings): Params | undefined {
  const { param } = settings
  if (!isAsking(query, param)) return undefined
  const { ours: given } = query
  const ours = new Map(given)
  for (const name of ours.keys()) {
    if (name !== param && !NAMES.includes(name)) {
      throw new SrError('PARAM_UNKNOWN', `unknown ${quoted(name)}, expected ${NAMES.join(', ')}`)
    }
  }
  const repeated = given.find(([name], i) => given.findIndex((other) => other[0] === name) < i)
  if (repeated) {
    throw new SrError('PARAM_DUPLICATE', `${repeated[0]} is given more than once, expected it once`)
  }
  const format = oneOf(
    'sr-format',
    ours.get('sr-format') ?? settings.format,
    [...settings.formats, DESCRIPTION_FORMAT],
    'FORMAT_UNSUPPORTED',
  )
  const quality = ours.get('sr-quality') ?? `${settings.quality}`
  return {
    wish: {
      size: parseSize(ours, settings),
      format: format === DESCRIPTION_FORMAT ? settings.format : format,
      quality: oneOf('sr-quality', quality, QUALITIES, 'QUALITY_UNSUPPORTED'),
      model: ours.get('sr-model') ?? 'auto',
    },
    isDescriptionOnly: format === DESCRIPTION_FORMAT,
    endsAt: parseSeconds(ours.get('sr-exp') ?? ''),
    sourceUrl: sourceUrlOf(query, settings),
  }
}

/** Returns the requested size. A signed URL may ask for any number of pixels, because the operator chose it. */
function parseSize(ours: ReadonlyMap<string, string>, { param, sizes, signing }: Settings): Size {
  const scale = ours.get(param)
  if (scale === undefined) {
    const [width, height] = SIZE_NAMES.map((name) => {
      const raw = ours.get(name)
      if (raw === undefined) return undefined
      return signing ? parsePixels(name, raw) : oneOf(name, raw, sizes, 'SIZE_UNSUPPORTED')
    })
    return { width, height }
  }
  const other = SIZE_NAMES.find((name) => ours.has(name))
  if (other) throw new SrError('SIZE_UNSUPPORTED', `expected ${param} or ${other}, got both`)
  return { scale: oneOf(param, scale, SCALES, 'SCALE_UNSUPPORTED') }
}

function parsePixels(name: string, raw: string): number {
  if (/^[1-9]\d{0,4}$/.test(raw)) return Number(raw)
  throw new SrError('SIZE_UNSUPPORTED', `${name} must be a number of pixels, got ${quoted(raw)}`)
}

const NAMES = [...SIZE_NAMES, 'sr-format', 'sr-quality', 'sr-model', 'sr-key', 'sr-exp', 'sr-sig']

/**
 * Returns the allowed value that is spelled exactly like `raw`, so `03`, `3.0` and `3 ` are not 3. Throws an SrError if
 * there is none.
 */
function oneOf<T extends string | number>(
  name: string,
  raw: string,
  allowed: readonly T[],
  code: 'SCALE_UNSUPPORTED' | 'SIZE_UNSUPPORTED' | 'FORMAT_UNSUPPORTED' | 'QUALITY_UNSUPPORTED',
): T {
  const found = allowed.find((value) => `${value}` === raw)
  if (found === undefined) {
    throw new SrError(code, `${name} must be one of ${allowed.join(', ')}, got ${quoted(raw)}`)
  }
  return found
}

/** Returns the URL that the origin is asked for. Also accepts a query that asks for no size. */
export function sourceUrlOf({ base, others }: OwnQuery, { query }: Settings): string {
  if (query === 'ignore') return base
  const kept = query === 'keep' ? others : others.filter((part) => query.includes(part.split('=', 1)[0]))
  return kept.length > 0 ? `${base}?${kept.join('&')}` : base
}
