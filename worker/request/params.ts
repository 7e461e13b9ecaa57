// Our parameters, taken out of a URL's query without touching a byte of the rest.
import { type Format, FORMATS, QUALITIES, type Scale, SCALES } from '../client/allowed.ts'
import { SrError } from '../base/errors.ts'
import type { Settings } from '../options.ts'
import { isAsking, SIZE_NAMES, splitOwn } from '../client/query.ts'
import { secondsOf } from '../base/seconds.ts'

/** `sr-format` of a request that wants no picture but what would be done with it, and why. */
const PLAN_FORMAT = 'json'

/** How large a result is to be: so many times as large as its source, or filling a box. */
export interface Size {
  readonly scale?: Scale
  /** In pixels: the result is as large as fits into both, where both are given. */
  readonly width?: number
  readonly height?: number
}

/** What a request asks for. */
export interface Params {
  readonly size: Size
  readonly format: Format
  /** Only what would be done is wanted, as JSON. */
  readonly isPlanOnly: boolean
  readonly quality: number
  /** `auto` (the default: the operator's choice), `bicubic` or a name in the manifest. */
  readonly model: string
  /** The URL as the origin is asked for it: our parameters gone, the others as `query` says. */
  readonly sourceUrl: string
  /** When a signed URL ends, in seconds since 1970; undefined where it does not say. */
  readonly endsAt?: number
}

/**
 * Reads our parameters, or undefined where the request asks for no size: it is none of our business then.
 * Throws an SrError (400) for a value, a name or a repetition that is wrong, saying what was expected.
 */
export function parseParams(url: string, settings: Settings): Params | undefined {
  const { param } = settings
  const query = splitOwn(url, param)
  if (!isAsking(query, param)) return undefined
  const { base, ours: given, others } = query
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
    [...FORMATS, PLAN_FORMAT],
    'FORMAT_UNSUPPORTED',
  )
  return {
    size: sizeOf(ours, settings),
    format: format === PLAN_FORMAT ? settings.format : format,
    isPlanOnly: format === PLAN_FORMAT,
    quality: oneOf('sr-quality', ours.get('sr-quality') ?? `${settings.quality}`, QUALITIES, 'QUALITY_UNSUPPORTED'),
    model: ours.get('sr-model') ?? 'auto',
    endsAt: secondsOf(ours.get('sr-exp') ?? ''),
    sourceUrl: withQuery(base, others, settings.query),
  }
}

/** Any whole number of pixels will do where the operator chose it, by a signature. */
function sizeOf(ours: ReadonlyMap<string, string>, { param, sizes, signing }: Settings): Size {
  const scale = ours.get(param)
  if (scale === undefined) {
    const [width, height] = SIZE_NAMES.map((name) => {
      const raw = ours.get(name)
      if (raw === undefined) return undefined
      return signing ? pixelsOf(name, raw) : oneOf(name, raw, sizes, 'SIZE_UNSUPPORTED')
    })
    return { width, height }
  }
  const other = SIZE_NAMES.find((name) => ours.has(name))
  if (other) throw new SrError('SIZE_UNSUPPORTED', `expected ${param} or ${other}, got both`)
  return { scale: oneOf(param, scale, SCALES, 'SCALE_UNSUPPORTED') }
}

function pixelsOf(name: string, raw: string): number {
  if (/^[1-9]\d{0,4}$/.test(raw)) return Number(raw)
  throw new SrError('SIZE_UNSUPPORTED', `${name} must be a number of pixels, got ${quoted(raw)}`)
}

const NAMES = [...SIZE_NAMES, 'sr-format', 'sr-quality', 'sr-model', 'sr-key', 'sr-exp', 'sr-sig']

/** The value among `allowed` that is written exactly as `raw`: `03`, `3.0` and `3 ` are not 3. */
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

/** Short and printable, whatever a stranger put there. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text)
}

/** The URL as the origin is asked for it, whether or not there is an `sr` in it. */
export function sourceUrlOf(url: string, { param, query }: Settings): string {
  const { base, others } = splitOwn(url, param)
  return withQuery(base, others, query)
}

function withQuery(base: string, parts: readonly string[], query: Settings['query']): string {
  if (query === 'ignore') return base
  const kept = query === 'keep' ? parts : parts.filter((part) => query.includes(part.split('=', 1)[0]))
  return kept.length > 0 ? `${base}?${kept.join('&')}` : base
}
