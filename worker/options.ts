// What an operator can set: every option with its default, its unit and its reason. Options are checked once, when the
// middleware is built: an impossible combination fails at start, not at a request.
//
// OPTIONS.md is made of this file (`npm run docs`): in a comment below the first paragraph says what an option does, the
// second why, or what its limit protects.
import type { Bucket, Dataset, EdgeCache, RateLimiter } from './platform/bindings.ts'
import { ConfigError } from './base/errors.ts'
import { DEFAULT_MODEL } from './model/manifest.ts'
import { type Format, FORMATS, MAX_OUTPUT_PIXELS, QUALITIES, SIZES } from './client/allowed.ts'

export interface SuperResolutionOptions {
  /**
   * `false` serves every picture as it is, whatever its URL asks for.
   *
   * A switch that takes the worker out of the way without a change of routes.
   *
   * @default true
   */
  enabled?: boolean
  /**
   * Name of the scale parameter: letters, digits and `. _ ~ -`; it must not begin with `sr-`.
   *
   * Some origins use the name `sr` themselves, for example Azure's shared access signatures (`sr=b`).
   *
   * @default sr
   */
  param?: string
  /**
   * Which other query parameters reach the origin and the cache key: `keep` (all, byte for byte), `ignore` (none) or a
   * list of names (only those).
   *
   * Parameters that change no picture, such as `utm_source`, cost a fetch and a cache entry for each value.
   *
   * @default keep
   */
  query?: 'keep' | 'ignore' | readonly string[]
  /**
   * Default of `sr-format`: `source`, `auto`, `jpeg`, `png` or `webp`.
   *
   * @default source
   */
  format?: Format
  /**
   * Default of `sr-quality`: 40 to 95 in steps of 5.
   *
   * @default 85
   */
  quality?: number
  /**
   * What `sr-model=auto` means: a name in the manifest, or `bicubic`. A JPEG of quality below 85 gets the weights of
   * that name with `-jpeg` appended, if the manifest has them.
   *
   * @default fast
   */
  model?: string
  /**
   * Allowed values of `sr-width` and `sr-height`, in pixels. With `signing` any number is allowed.
   *
   * A short list keeps the number of variants of a picture small.
   *
   * @default 320, 640, 960, 1280, 1920, 2560
   */
  sizes?: readonly number[]
  /**
   * Which site's scripts may read the answers (CORS): `*`, or an origin like `https://www.example`.
   *
   * @default what the origin's own answer says
   */
  allowOrigin?: string
  /**
   * Secrets by their ids, of at least 32 characters each. With it only URLs that one of them signed are served, and
   * caches keep an answer no longer than its signature is valid. Two secrets at a time let one replace the other.
   *
   * Only the operator then chooses what is computed.
   *
   * @default none: any URL is served
   */
  signing?: Readonly<Record<string, string>>
  /**
   * An R2 bucket, or anything of that shape, that keeps results and what is known of their sources for longer than an
   * edge cache does.
   *
   * @default none
   */
  results?: Bucket
  /**
   * A bucket with a `manifest.json` and the weights that it names. They replace the bundled ones within a minute,
   * without a redeploy.
   *
   * @default none: the bundled weights
   */
  models?: Bucket
  /**
   * A dataset of Analytics Engine that gets one point a request: blob1 to blob5 are `done`, `skipped` or `refused`; the
   * reason; the model; `hit`, `fwd=miss` or `fwd=stale`; the media type.
   *
   * @default none
   */
  analytics?: Dataset
  /**
   * A rate limit on results that have to be computed, by the visitor's address. Beyond it visitors get originals.
   *
   * Keeps one visitor from taking all the CPU time.
   *
   * @default none
   */
  missLimit?: RateLimiter
  /**
   * The edge cache in front of `results`; `false` for none.
   *
   * @default `caches.default`, or none where it does not exist
   */
  cache?: EdgeCache | false

  /**
   * How long an edge cache holds an entry. How long a result is fresh is for the origin to say.
   *
   * Bounds how long a purge in one data centre goes unnoticed in another.
   *
   * @default 2,592,000 (30 days)
   */
  edgeTtlSeconds?: number
  /**
   * Largest source file.
   *
   * It is held in memory.
   *
   * @default 10,000,000
   */
  maxSourceBytes?: number
  /**
   * Largest source picture.
   *
   * Decoders hold 5 to 16 bytes of memory a pixel beside the file: a baseline JPEG least, a 16-bit PNG most.
   *
   * @default 1,050,000
   */
  maxSourcePixels?: number
  /**
   * Largest result; beyond it the original is served.
   *
   * 1536 x 1536 is the largest square that keeps the isolate below 110 of its 128 MB in every format
   * (`npm run bench -- memory`).
   *
   * @default 2,360,000
   */
  maxOutputPixels?: number
  /**
   * Most CPU time for a picture, estimated from its header (worker/picture/cost.ts). Beyond it the picture is enlarged
   * by bicubic, and where that is too much as well the original is served.
   *
   * A third of the 30 s that wrangler.toml allows, for machines three times as slow as the one it was measured on.
   *
   * @default 10,000
   */
  maxCpuMs?: number
  /**
   * Most memory for a picture, estimated and enforced in the same way.
   *
   * An isolate has 128 MB.
   *
   * @default 100,000,000
   */
  maxMemoryBytes?: number
  /**
   * How long an origin may take until its answer begins.
   *
   * @default 10,000
   */
  originTimeoutMs?: number
  /**
   * How long an origin may take to send the body of its answer.
   *
   * @default 20,000
   */
  sourceTimeoutMs?: number
  /**
   * How long a result is fresh if the origin does not say.
   *
   * @default 300
   */
  defaultTtlSeconds?: number
  /**
   * Longest time that a result is fresh, whatever the origin says.
   *
   * @default 31,536,000 (1 year)
   */
  maxTtlSeconds?: number
  /**
   * How many pictures an isolate computes at once.
   *
   * They share its 128 MB.
   *
   * @default 1
   */
  maxRunning?: number
  /**
   * How many more may wait for their turn. Further ones get the original, which caches keep for a minute at most. Raise
   * it where pages show many small pictures.
   *
   * Keeps a burst of requests from waiting in a long line.
   *
   * @default 4
   */
  maxWaiting?: number
  /**
   * How long a request waits for its turn, or for an equal request, before it gets the original. Raise it together with
   * `maxWaiting`.
   *
   * An original now is better than a sharper picture that comes too late.
   *
   * @default 2,000
   */
  maxWaitMs?: number
}

/** Options without a default. */
const OPTIONAL = ['results', 'models', 'cache', 'allowOrigin', 'signing', 'analytics', 'missLimit'] as const
type Optional = (typeof OPTIONAL)[number]

/** Options with every default filled in. */
export type Settings = Readonly<
  Required<Omit<SuperResolutionOptions, Optional>> & Pick<SuperResolutionOptions, Optional>
>

export const DEFAULTS = {
  enabled: true,
  param: 'sr',
  query: 'keep',
  format: 'source',
  quality: 85,
  model: DEFAULT_MODEL,
  sizes: SIZES,
  maxSourceBytes: 10_000_000,
  maxSourcePixels: 1_050_000,
  maxOutputPixels: MAX_OUTPUT_PIXELS,
  maxCpuMs: 10_000,
  maxMemoryBytes: 100_000_000,
  originTimeoutMs: 10_000,
  sourceTimeoutMs: 20_000,
  defaultTtlSeconds: 300,
  maxTtlSeconds: 31_536_000,
  edgeTtlSeconds: 2_592_000,
  maxRunning: 1,
  maxWaiting: 4,
  maxWaitMs: 2_000,
} as const

/** The options that one text can state: every one with a default, and `allowOrigin`. */
export type TextOption = keyof typeof DEFAULTS | 'allowOrigin'
export const TEXT_OPTIONS: readonly TextOption[] = [...(Object.keys(DEFAULTS) as TextOption[]), 'allowOrigin']

/** Options that may be 0. */
const FROM_ZERO: readonly string[] = ['maxWaiting', 'defaultTtlSeconds', 'maxTtlSeconds']

/** Shortest secret, in characters: 128 bits, in hex. */
export const MIN_SECRET = 32

/** Throws a ConfigError that names the option and what was expected. */
export function resolveOptions(options: SuperResolutionOptions = {}): Settings {
  const known: string[] = [...Object.keys(DEFAULTS), ...OPTIONAL]
  for (const key of Object.keys(options)) {
    if (!known.includes(key)) {
      throw new ConfigError(`unknown option ${key}, expected one of ${known.join(', ')}`)
    }
  }
  const given = Object.entries(options).filter(([, value]) => value !== undefined)
  const settings: Settings = { ...DEFAULTS, ...Object.fromEntries(given) }
  for (const name of TEXT_OPTIONS) {
    const value = settings[name]
    const expected = name === 'allowOrigin' && value === undefined ? undefined : expectationOf(name, value)
    if (expected) throw new ConfigError(`option ${name}: expected ${expected}, got ${JSON.stringify(value)}`)
  }
  for (const secret of Object.values(settings.signing ?? {})) {
    if (secret.length < MIN_SECRET)
      throw new ConfigError(`option signing: expected secrets of at least ${MIN_SECRET} characters`)
  }
  return settings
}

/** Returns what the option must be if `value` is not that, or undefined if `value` is valid. */
export function expectationOf(name: TextOption, value: unknown): string | undefined {
  switch (name) {
    case 'enabled':
      return typeof value === 'boolean' ? undefined : 'true or false'
    case 'param':
      // Only characters that no URL encodes: the name is compared with the query's bytes.
      if (typeof value !== 'string' || !/^[\w.~-]+$/.test(value)) return 'letters, digits and . _ ~ - only'
      return value.startsWith('sr-') ? 'a name that does not begin with sr-' : undefined
    case 'query':
      return value === 'keep' || value === 'ignore' || Array.isArray(value)
        ? undefined
        : "'keep', 'ignore' or a list of names"
    case 'format':
      return FORMATS.some((format) => format === value) ? undefined : FORMATS.join(', ')
    case 'quality':
      return QUALITIES.some((quality) => quality === value) ? undefined : QUALITIES.join(', ')
    case 'model':
      return typeof value === 'string' && value !== '' ? undefined : 'a name in the manifest, or bicubic'
    case 'sizes':
      return Array.isArray(value) && value.every((size) => Number.isInteger(size) && size > 0)
        ? undefined
        : 'a list of whole numbers of pixels'
    case 'allowOrigin':
      return typeof value === 'string' && isOrigin(value) ? undefined : 'an origin like https://www.example, or *'
    default: {
      const least = FROM_ZERO.includes(name) ? 0 : 1
      return Number.isInteger(value) && (value as number) >= least ? undefined : `a whole number from ${least}`
    }
  }
}

function isOrigin(text: string): boolean {
  return text === '*' || (URL.canParse(text) && new URL(text).origin === text)
}
