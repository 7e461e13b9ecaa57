// What an operator can set: every option with its default, its unit and its reason. Checked once,
// when the middleware is built: an impossible combination fails at start, not at a request.
import type { Bucket, Dataset, EdgeCache, RateLimiter } from './platform/bindings.ts'
import { ConfigError } from './base/errors.ts'
import { DEFAULT_MODEL } from './model/manifest.ts'
import { type Format, FORMATS, MAX_OUTPUT_PIXELS, QUALITIES, SIZES } from './client/allowed.ts'

export interface SuperResolutionOptions {
  /** False: every picture comes back as it was, whatever its URL asks for. Default true. */
  enabled?: boolean
  /** Name of the scale parameter. Default `sr`. Change it where an origin uses that name itself. */
  param?: string
  /**
   * Which other query parameters reach the origin and the cache key: all as they are (`keep`, the
   * default), none (`ignore`), or those named.
   */
  query?: 'keep' | 'ignore' | readonly string[]
  /** Default of `sr-format`. Default `source`: the format that came in. */
  format?: Format
  /** Default of `sr-quality`, 40 to 95 in steps of 5. Default 85. */
  quality?: number
  /**
   * What `sr-model=auto` means: a name in the manifest, or `bicubic`. Default DEFAULT_MODEL. JPEGs that are
   * not clean get the weights of that name with `-jpeg` behind it, where there are any.
   */
  model?: string
  /**
   * What `sr-width` and `sr-height` may be, in pixels, so that a picture has few variants; with `signing`
   * any number. Default 320, 640, 960, 1280, 1920, 2560.
   */
  sizes?: readonly number[]
  /**
   * Which site's scripts may read the answers: `*`, or an origin like `https://www.example`. Default: as the
   * origin says of its picture.
   */
  allowOrigin?: string
  /**
   * Secrets by their ids: then only URLs that one of them signed are served (signature.ts has the signer), and
   * what others may keep ends with the signature. Two at a time let one be replaced. Default: none, any URL.
   */
  signing?: Readonly<Record<string, string>>
  /** Results, and what is known of their sources, for longer than an edge cache keeps them. Default none. */
  results?: Bucket
  /** Weights that replace the bundled ones: a `manifest.json` and the files it names. Default none. */
  models?: Bucket
  /** A dataset of Analytics Engine that gets a point for each request. Default none. */
  analytics?: Dataset
  /** A rate limit on what has to be made anew, by the visitor's address; beyond it originals. Default none. */
  missLimit?: RateLimiter
  /** Edge cache in front of `results`; `false` for none. Default `caches.default`, and none where that is not. */
  cache?: EdgeCache | false

  /**
   * How long an edge cache holds what it has, in seconds. Freshness is the origin's; this bounds how long
   * a purge elsewhere is not noticed here. Default 30 days.
   */
  edgeTtlSeconds?: number
  /** Largest source file in bytes. Default 10 MB: it is held in memory. */
  maxSourceBytes?: number
  /** Largest source in pixels. Default 1.05 MP: decoders take 4 to 15 bytes of memory a pixel. */
  maxSourcePixels?: number
  /** Largest result in pixels; beyond it the original is served. See DEFAULTS for the reason. */
  maxOutputPixels?: number
  /**
   * Most CPU time that a picture may take, in ms, as cost.ts estimates it: beyond it bicubic, and beyond
   * that the original. Default 10,000: a third of what Workers allow, for machines three times as slow.
   */
  maxCpuMs?: number
  /** Most memory that a picture may take, in bytes, likewise. Default 100 MB of an isolate's 128. */
  maxMemoryBytes?: number
  /** How long an origin may take to answer, in ms. Default 10,000. */
  originTimeoutMs?: number
  /** How long a source's body may take, in ms. Default 20,000. */
  sourceTimeoutMs?: number
  /** How long a result is fresh where the origin does not say, in seconds. Default 300. */
  defaultTtlSeconds?: number
  /** The longest that a result is fresh, whatever the origin says, in seconds. Default 1 year. */
  maxTtlSeconds?: number
  /** How many misses are computed at once in an isolate. Default 1: they share its 128 MB. */
  maxRunning?: number
  /** How many more may wait for their turn; further ones get the original, for a minute. Default 4. */
  maxWaiting?: number
  /** How long a miss waits for its turn, or for an equal one, before it gets the original, in ms. Default 2,000. */
  maxWaitMs?: number
}

/** Those without a default. */
const OPTIONAL = ['results', 'models', 'cache', 'allowOrigin', 'signing', 'analytics', 'missLimit'] as const
type Optional = (typeof OPTIONAL)[number]

/** Options with every default filled in. */
export type Settings = Readonly<
  Required<Omit<SuperResolutionOptions, Optional>> & Pick<SuperResolutionOptions, Optional>
>

const DEFAULTS = {
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

/** Characters of a secret: 128 bits, in hex. */
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
  const expect = (isRight: boolean, key: keyof Settings, expected: string) => {
    if (!isRight) throw new ConfigError(`option ${key}: expected ${expected}, got ${JSON.stringify(settings[key])}`)
  }
  expect(typeof settings.enabled === 'boolean', 'enabled', 'true or false')
  // Only characters that no URL encodes: the name is compared with the query's bytes.
  expect(/^[\w.~-]+$/.test(settings.param), 'param', 'letters, digits and . _ ~ - only')
  expect(!settings.param.startsWith('sr-'), 'param', 'a name that does not begin with sr-')
  expect(
    settings.query === 'keep' || settings.query === 'ignore' || Array.isArray(settings.query),
    'query',
    "'keep', 'ignore' or a list of names",
  )
  expect(
    settings.allowOrigin === undefined || isOrigin(settings.allowOrigin),
    'allowOrigin',
    'an origin like https://www.example, or *',
  )
  for (const secret of Object.values(settings.signing ?? {})) {
    if (secret.length < MIN_SECRET)
      throw new ConfigError(`option signing: expected secrets of at least ${MIN_SECRET} characters`)
  }
  expect(
    Array.isArray(settings.sizes) && settings.sizes.every((size) => Number.isInteger(size) && size > 0),
    'sizes',
    'a list of whole numbers of pixels',
  )
  expect(FORMATS.includes(settings.format), 'format', FORMATS.join(', '))
  expect(QUALITIES.includes(settings.quality), 'quality', QUALITIES.join(', '))
  for (const key of Object.keys(DEFAULTS) as (keyof typeof DEFAULTS)[]) {
    if (typeof DEFAULTS[key] !== 'number') continue
    const least = key === 'maxWaiting' || key === 'defaultTtlSeconds' || key === 'maxTtlSeconds' ? 0 : 1
    const value = settings[key] as number
    expect(Number.isInteger(value) && value >= least, key, `a whole number from ${least}`)
  }
  return settings
}

function isOrigin(text: string): boolean {
  return text === '*' || (URL.canParse(text) && new URL(text).origin === text)
}
