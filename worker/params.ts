// Our parameters, taken out of a URL's query without touching a byte of the rest.
import { SrError } from './errors.ts'
import type { Settings } from './options.ts'
import { splitOwn } from './query.ts'
import { secondsOf } from './seconds.ts'

export const SCALES = [2, 3, 4] as const
export type Scale = (typeof SCALES)[number]

export const FORMATS = ['source', 'auto', 'jpeg', 'png', 'webp'] as const
export type Format = (typeof FORMATS)[number]

/** `sr-quality`: steps of 5, so that a picture has few variants. */
export const QUALITIES = Array.from({ length: 12 }, (_, i) => 40 + 5 * i)

/** What a request asks for. */
export interface Params {
  readonly scale: Scale
  readonly format: Format
  readonly quality: number
  /** `auto` (the default: the operator's choice), `bicubic` or a name in the manifest. */
  readonly model: string
  /** The URL as the origin is asked for it: our parameters gone, the others as `query` says. */
  readonly sourceUrl: string
  /** When a signed URL ends, in seconds since 1970; undefined where it does not say. */
  readonly endsAt?: number
}

/**
 * Reads our parameters, or undefined where the request has no `sr`: it is none of our business then.
 * Throws an SrError (400) for a value, a name or a repetition that is wrong, saying what was expected.
 */
export function parseParams(url: string, settings: Settings): Params | undefined {
  const { param } = settings
  const { base, ours: given, others } = splitOwn(url, param)
  const ours = new Map(given)
  const scale = ours.get(param)
  if (scale === undefined) return undefined
  for (const name of ours.keys()) {
    if (name !== param && !NAMES.includes(name)) {
      throw new SrError('PARAM_UNKNOWN', `unknown ${quoted(name)}, expected ${NAMES.join(', ')}`)
    }
  }
  const repeated = given.find(([name], i) => given.findIndex((other) => other[0] === name) < i)
  if (repeated) {
    throw new SrError('PARAM_DUPLICATE', `${repeated[0]} is given more than once, expected it once`)
  }
  return {
    scale: oneOf(param, scale, SCALES, 'SCALE_UNSUPPORTED'),
    format: oneOf(
      'sr-format',
      ours.get('sr-format') ?? settings.format,
      FORMATS,
      'FORMAT_UNSUPPORTED',
    ),
    quality: oneOf(
      'sr-quality',
      ours.get('sr-quality') ?? `${settings.quality}`,
      QUALITIES,
      'QUALITY_UNSUPPORTED',
    ),
    model: ours.get('sr-model') ?? 'auto',
    endsAt: secondsOf(ours.get('sr-exp') ?? ''),
    sourceUrl: withQuery(base, others, settings.query),
  }
}

const NAMES = ['sr-format', 'sr-quality', 'sr-model', 'sr-key', 'sr-exp', 'sr-sig']

/** The value among `allowed` that is written exactly as `raw`: `03`, `3.0` and `3 ` are not 3. */
function oneOf<T extends string | number>(
  name: string,
  raw: string,
  allowed: readonly T[],
  code: 'SCALE_UNSUPPORTED' | 'FORMAT_UNSUPPORTED' | 'QUALITY_UNSUPPORTED',
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
  const kept = query === 'keep' ? parts : parts.filter((part) => query.includes(part.split('=', 1)[0])) // prettier-ignore
  return kept.length > 0 ? `${base}?${kept.join('&')}` : base
}
