// All options that an operator can set, each with its default, its unit and its reason. Options are checked once, when
// the middleware is built, so that an impossible combination fails at start and not at a request.
//
// `npm run docs` generates OPTIONS.md from this file. The first paragraph of an option's comment says what the option
// does; the second says why, or what its limit protects.
import type { Context } from 'hono'
import type { Bucket, Dataset, EdgeCache, RateLimiter } from './platform/bindings.ts'
import { type Limits, ISOLATE_LIMITS } from './platform/limits.ts'
import { ConfigError } from './base/errors.ts'
import { DEFAULT_MODEL, MODEL_NAME } from './model/manifest.ts'
import { type Format, FORMATS, nearestQuality, QUALITIES, SERVED_QUALITIES, SIZES } from './client/allowed.ts'

export interface SuperResolutionOptions {
  /**
   * `false` serves every original unchanged, whatever its URL asks for.
   *
   * Switches the worker off without a change of routes.
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
   * If a kept parameter changes no picture, such as `utm_source`, each of its values still costs a fetch and a cache
   * entry.
   *
   * @default keep
   */
  query?: 'keep' | 'ignore' | readonly string[]
  /**
   * Default of `sr-format`: `source`, `auto`, `jpeg`, `png` or `webp`. If `formats` lacks `source`, the default is the
   * first of `formats`.
   *
   * @default source
   */
  format?: Format
  /**
   * Allowed values of `sr-format`. A description (`json`) is always allowed.
   *
   * Of one size, quality and model they make at most three files, because `source` and `auto` give the same file as the
   * format that they stand for.
   *
   * @default source, auto, jpeg, png, webp
   */
  formats?: readonly Format[]
  /**
   * Default of `sr-quality`, one of `qualities`. If only `qualities` is set, the default is the one that is nearest to 85.
   *
   * @default 85
   */
  quality?: number
  /**
   * The qualities that results have, from 40 to 95 in steps of 5. For one major version, any other value from 40 to 95 in
   * steps of 5 is not refused, but stands for the nearest quality of the list, and the log says so once for each value. If
   * only `quality` is set, the list is 75 and that quality.
   *
   * Each quality is a file of its own. 75 is the only one that next/image asks for by default.
   *
   * @default 75, 85
   */
  qualities?: readonly number[]
  /**
   * Model that `sr-model=auto` stands for: a name in the manifest, or `bicubic`. A JPEG of quality below 85 gets the
   * weights with `-jpeg` appended to that name, if the manifest has them.
   *
   * @default fast
   */
  model?: string
  /**
   * Allowed values of `sr-model` in addition to `auto`: names in the manifests, or `bicubic`. `['auto']` allows no others.
   *
   * Each model is a run of a network and a file of its own. The default has every model that a live page may name. If your
   * pages name no model, `['auto']` leaves about a fifth of the results.
   *
   * @default `bicubic`, and all models of the package and of the bucket `models`
   */
  modelNames?: readonly string[]
  /**
   * Allowed values of `sr-width` and `sr-height`, in pixels. With `signing` any number is allowed.
   *
   * A short list keeps the number of variants of a picture small.
   *
   * @default 320, 640, 960, 1280, 1920, 2560
   */
  sizes?: readonly number[]
  /**
   * Which site's scripts may read the answers (CORS): `*`, or an origin like `https://www.example`. It does not apply to
   * originals for one visitor (`reason=CREDENTIALS`).
   *
   * An origin such as S3, which allows this only in answers to requests with `Origin`, needs it, because the request for
   * the picture has none. `sr-format=json` says what the origin allows.
   *
   * @default what the origin's own answer says
   */
  allowOrigin?: string
  /**
   * Secrets by id, each of at least 32 characters. If set, only URLs that are signed with one of them are served, and
   * caches keep an answer no longer than its signature is valid. While one secret replaces another, both can be set.
   *
   * With signed URLs, only the operator chooses what is computed.
   *
   * @default none: any URL is served
   */
  signing?: Readonly<Record<string, string>>
  /**
   * An R2 bucket, or any object with its interface. It keeps results, and the metadata of their sources, for longer
   * than an edge cache does.
   *
   * @default none
   */
  results?: Bucket
  /**
   * A bucket with a `manifest.json` and the weights that the manifest names. They replace the bundled weights within a
   * minute, without a redeploy.
   *
   * @default none: the bundled weights
   */
  models?: Bucket
  /**
   * A dataset of Analytics Engine that gets one data point per request. blob1 is `done`, `skipped` or `refused`; blob2
   * is the reason; blob3 is the model; blob4 is `hit`, `fwd=miss` or `fwd=stale`; blob5 is the media type.
   *
   * @default none
   */
  analytics?: Dataset
  /**
   * A rate limit for each visitor, in units of work: one before the origin is asked for a picture, and one for each begun
   * 250 ms of the CPU time that its result is estimated to take, at most 8. Visitors beyond the limit get originals.
   *
   * Keeps one visitor from taking all the CPU time.
   *
   * @default none
   */
  missLimit?: RateLimiter
  /**
   * Returns a name for the visitor who sent a request, such as their address or account. Visitors take turns, and
   * `missLimit` counts for each. Without a name they count as one, and pictures are made in the order in which they
   * were asked for, cheap ones first. Behind another CDN, return the address that it states.
   *
   * A visitor who has left is not worked for, if the Worker has the compatibility flag `enable_request_signal`.
   *
   * @default in Workers `CF-Connecting-IP`, of an IPv6 address its first 64 bits; elsewhere no name
   */
  visitor?: (c: Context) => string | undefined
  /**
   * The edge cache in front of `results`; `false` means none.
   *
   * @default `caches.default`, or none if it does not exist
   */
  cache?: EdgeCache | false

  /**
   * How long an edge cache holds an entry. How long a result is fresh is decided by the origin.
   *
   * Limits how long one data centre serves a result that was purged in another.
   *
   * @default 2,592,000 (30 days)
   */
  edgeTtlSeconds?: number
  /**
   * Largest source file.
   *
   * The file is held in memory, where its decoder has a copy.
   *
   * @default 25,000,000
   */
  maxSourceBytes?: number
  /**
   * Largest source picture, whatever its format. In an isolate the limits by format are the same or lower: 50 megapixels
   * of JPEG, 24 of PNG, 4 of WebP, GIF and BMP.
   *
   * JPEG and PNG are decoded by rows, so that CPU time is their limit. All other formats take 8 to 19 bytes of memory per
   * pixel.
   *
   * @default 50,000,000
   */
  maxSourcePixels?: number
  /**
   * Largest result, whatever its format. In an isolate the limits by format are the same or lower: 25 megapixels of JPEG,
   * 8 of PNG, 4 of WebP (2.4 with transparency). If the size that is asked for exceeds a limit, the result has the next
   * smaller scale, or the largest of `sizes`, that does not.
   *
   * Time limits JPEG and PNG, which are encoded by rows. libwebp's memory limits WebP (`npm run bench -- memory`).
   *
   * @default 25,000,000
   */
  maxOutputPixels?: number
  /**
   * Most CPU time for a picture, estimated from its header (worker/picture/cost.ts). If the network would take longer,
   * the picture is enlarged by bicubic; if bicubic would take longer too, to the next smaller size; and if there is none,
   * the original is served.
   *
   * A third of the 30 s that wrangler.toml allows, because a machine may be three times as slow as the one that was
   * measured.
   *
   * @default 10,000
   */
  maxCpuMs?: number
  /**
   * Most memory for a picture, estimated and enforced in the same way as `maxCpuMs`.
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
   * How many pictures an isolate computes at the same time.
   *
   * All of them share the isolate's 128 MB.
   *
   * @default 1
   */
  maxRunning?: number
  /**
   * How many requests may wait for their turn, however small their pictures are. Any further request gets the original.
   *
   * Only a cap: `maxWaitMs` and `maxHeldBytes` decide before.
   *
   * @default 500
   */
  maxWaiting?: number
  /**
   * How much work may be before a picture, in milliseconds of estimated CPU time. A request for which there is more gets
   * the original at once. By the clock, a wait may be three times as long on a slow machine. Also how long a request waits for the result of an equal request.
   *
   * 48 pictures of 480x320 at `sr=2` take 4 s, and with some photographs among them 14 s. An original now is better than
   * a sharper picture that comes much later.
   *
   * @default 15,000
   */
  maxWaitMs?: number
  /**
   * Most bytes of source files that are held at the same time, for all pictures that wait and that are computed: of one
   * file all of it, of several files half. A request whose source does not fit waits until others are made, and reads no further meanwhile. At least
   * `maxSourceBytes`.
   *
   * They share the isolate's 128 MB with the pictures that are computed.
   *
   * @default 25,000,000
   */
  maxHeldBytes?: number
}

/** Options without a default. */
const OPTIONAL = [
  'results',
  'models',
  'modelNames',
  'cache',
  'allowOrigin',
  'signing',
  'analytics',
  'missLimit',
  'visitor',
] as const
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
  formats: FORMATS,
  quality: 85,
  qualities: SERVED_QUALITIES,
  model: DEFAULT_MODEL,
  sizes: SIZES,
  maxSourceBytes: 25_000_000,
  ...ISOLATE_LIMITS.defaults,
  originTimeoutMs: 10_000,
  sourceTimeoutMs: 20_000,
  defaultTtlSeconds: 300,
  maxTtlSeconds: 31_536_000,
  edgeTtlSeconds: 2_592_000,
  maxRunning: 1,
  maxWaiting: 500,
  maxWaitMs: 15_000,
} as const

/** Options without a default whose value can be given as text. */
const OPTIONAL_TEXTS = ['allowOrigin', 'modelNames'] as const
/** Options whose value can be given as text. */
export type TextOption = keyof typeof DEFAULTS | (typeof OPTIONAL_TEXTS)[number]
export const TEXT_OPTIONS: readonly TextOption[] = [...(Object.keys(DEFAULTS) as TextOption[]), ...OPTIONAL_TEXTS]

/** Options that may be 0. */
const FROM_ZERO: readonly string[] = ['maxWaiting', 'defaultTtlSeconds', 'maxTtlSeconds']

/** Least length of a secret in characters: 128 bits in hex. */
export const MIN_SECRET = 32

/**
 * Checks options and fills in the defaults; `limits` are those of the runtime. Throws a ConfigError that names the option
 * and what was expected.
 */
export function resolveOptions(options: SuperResolutionOptions = {}, { defaults }: Limits = ISOLATE_LIMITS): Settings {
  const known: string[] = [...Object.keys(DEFAULTS), ...OPTIONAL]
  for (const key of Object.keys(options)) {
    if (!known.includes(key)) {
      throw new ConfigError(`unknown option ${key}, expected one of ${known.join(', ')}`)
    }
  }
  const given = Object.entries(options).filter(([, value]) => value !== undefined)
  const checked: Settings = { ...DEFAULTS, ...defaults, ...Object.fromEntries(given) }
  for (const name of TEXT_OPTIONS) {
    const value = checked[name]
    const expected = value === undefined ? undefined : expectationOf(name, value)
    if (expected) throw new ConfigError(`option ${name}: expected ${expected}, got ${JSON.stringify(value)}`)
  }
  const settings = { ...checked, ...withinLists(options, checked) }
  for (const secret of Object.values(settings.signing ?? {})) {
    if (secret.length < MIN_SECRET)
      throw new ConfigError(`option signing: expected secrets of at least ${MIN_SECRET} characters`)
  }
  const { maxHeldBytes, maxSourceBytes } = settings
  if (maxHeldBytes < maxSourceBytes) {
    throw new ConfigError(
      `option maxHeldBytes: expected at least maxSourceBytes (${maxSourceBytes}), got ${maxHeldBytes}`,
    )
  }
  return settings
}

/**
 * Returns `format` and `quality` with their lists. What is not given follows from what is. Throws a ConfigError if a
 * given default is not in its given list.
 */
function withinLists(
  given: SuperResolutionOptions,
  { format, formats, quality, qualities }: Settings,
): Pick<Settings, 'format' | 'formats' | 'quality' | 'qualities'> {
  const listed = {
    format: given.format || formats.includes(format) ? format : formats[0],
    formats,
    quality: given.quality ? quality : nearestQuality(quality, qualities),
    qualities:
      given.quality && !given.qualities ? [...new Set([qualities[0], quality])].toSorted((a, b) => a - b) : qualities,
  }
  if (!listed.formats.includes(listed.format)) {
    throw new ConfigError(`option format: expected one of formats (${formats.join(', ')}), got "${format}"`)
  }
  if (!listed.qualities.includes(listed.quality)) {
    throw new ConfigError(`option quality: expected one of qualities (${qualities.join(', ')}), got ${quality}`)
  }
  return listed
}

/** Returns undefined if `value` is valid for the option, otherwise a text that says what is expected. */
export function expectationOf(name: TextOption, value: unknown): string | undefined {
  switch (name) {
    case 'enabled':
      return typeof value === 'boolean' ? undefined : 'true or false'
    case 'param':
      // Only characters that a URL never encodes, because the name is compared with the query's bytes.
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
    case 'formats':
      return isListOf(FORMATS, value) ? undefined : `a list of ${FORMATS.join(', ')}`
    case 'qualities':
      return isListOf(QUALITIES, value) ? undefined : `a list of ${QUALITIES.join(', ')}`
    case 'modelNames':
      return isList(value) && value.every((item) => typeof item === 'string' && MODEL_NAME.test(item))
        ? undefined
        : 'a list of names in the manifests, bicubic or auto'
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

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value) && value.length > 0
}

function isListOf(allowed: readonly unknown[], value: unknown): boolean {
  return isList(value) && value.every((item) => allowed.includes(item))
}

function isOrigin(text: string): boolean {
  return text === '*' || (URL.canParse(text) && new URL(text).origin === text)
}
