import { describe, expect, test } from 'vitest'
import { ConfigError } from '../../worker/base/errors.ts'
import { DEFAULTS, resolveOptions, type SuperResolutionOptions } from '../../worker/options.ts'
import { optionsOfVariables, parseFlag, variableOf } from '../../worker/variables.ts'

describe('a variable', () => {
  test.each([
    ['param', 'SR_PARAM'],
    ['maxCpuMs', 'SR_MAX_CPU_MS'],
    ['allowOrigin', 'SR_ALLOW_ORIGIN'],
    ['modelNames', 'SR_MODELS'],
    ['defaultTtlSeconds', 'SR_DEFAULT_TTL_SECONDS'],
  ] as const)('for the option %s has the name %s', (option, variable) => {
    expect(variableOf(option)).toBe(variable)
  })

  test.each<[string, SuperResolutionOptions]>([
    ['SR_ENABLED=false', { enabled: false }],
    ['SR_PARAM=upscale', { param: 'upscale' }],
    ['SR_QUERY=keep', { query: 'keep' }],
    ['SR_QUERY=ignore', { query: 'ignore' }],
    ['SR_QUERY=v', { query: ['v'] }],
    ['SR_QUERY= v  size ', { query: ['v', 'size'] }],
    ['SR_FORMAT=webp', { format: 'webp' }],
    ['SR_FORMATS=source webp', { formats: ['source', 'webp'] }],
    ['SR_QUALITY=80', { quality: 80 }],
    ['SR_QUALITIES= 50  75 90 ', { qualities: [50, 75, 90] }],
    ['SR_MODELS=fast bicubic', { modelNames: ['fast', 'bicubic'] }],
    ['SR_MODELS=auto', { modelNames: ['auto'] }],
    ['SR_MODEL=quality', { model: 'quality' }],
    ['SR_SIZES=320 640', { sizes: [320, 640] }],
    ['SR_ALLOW_ORIGIN=https://www.example', { allowOrigin: 'https://www.example' }],
    ['SR_MAX_SOURCE_BYTES=5000000', { maxSourceBytes: 5_000_000 }],
    ['SR_MAX_SOURCE_PIXELS=500000', { maxSourcePixels: 500_000 }],
    ['SR_MAX_OUTPUT_PIXELS=1e6', { maxOutputPixels: 1_000_000 }],
    ['SR_DEFAULT_TTL_SECONDS=0', { defaultTtlSeconds: 0 }],
    ['SR_MAX_TTL_SECONDS=3600', { maxTtlSeconds: 3600 }],
    ['SR_EDGE_TTL_SECONDS=60', { edgeTtlSeconds: 60 }],
    ['SR_MAX_RUNNING=2', { maxRunning: 2 }],
    ['SR_MAX_WAITING=0', { maxWaiting: 0 }],
  ])('such as %s sets the options %j', (line, options) => {
    const [name, text] = line.split(/=(.*)/)
    expect(optionsOfVariables({ [name]: text })).toEqual(options)
    expect(() => resolveOptions(options)).not.toThrow()
  })

  test('exists for every option with a default, and accepts this default as text', () => {
    const texts = Object.entries(DEFAULTS).map(([option, value]) => [
      variableOf(option as keyof typeof DEFAULTS),
      Array.isArray(value) ? value.join(' ') : `${value as string | number | boolean}`,
    ])
    expect(texts.length).toBeGreaterThanOrEqual(20)
    expect(optionsOfVariables(Object.fromEntries(texts))).toEqual(DEFAULTS)
  })

  test('may be a number or a boolean, as wrangler.toml allows', () => {
    expect(optionsOfVariables({ SR_ENABLED: false, SR_QUALITY: 80 })).toEqual({ enabled: false, quality: 80 })
  })

  test.each([
    ['SR_ENABLED=yes', 'SR_ENABLED: expected true or false, got "yes"'],
    ['SR_PARAM=a b', 'SR_PARAM: expected letters, digits and . _ ~ - only, got "a b"'],
    ['SR_PARAM=sr-x', 'SR_PARAM: expected a name that does not begin with sr-, got "sr-x"'],
    ['SR_QUERY=', 'SR_QUERY: expected keep, ignore, or names with spaces between them, got ""'],
    ['SR_FORMAT=avif', 'SR_FORMAT: expected source, auto, jpeg, png, webp, got "avif"'],
    ['SR_QUALITY=84', 'SR_QUALITY: expected 40, 45, 50, 55, 60, 65, 70, 75, 80, 85, 90, 95, got "84"'],
    ['SR_FORMATS=source avif', 'SR_FORMATS: expected some of source, auto, jpeg, png, webp, with spaces between them'],
    ['SR_FORMATS=', 'SR_FORMATS: expected some of source, auto, jpeg, png, webp, with spaces between them, got ""'],
    [
      'SR_QUALITIES=75,85',
      'SR_QUALITIES: expected some of 40, 45, 50, 55, 60, 65, 70, 75, 80, 85, 90, 95, with spaces',
    ],
    ['SR_QUALITIES=84', 'SR_QUALITIES: expected some of 40, 45'],
    [
      'SR_MODELS=fast,quality',
      'SR_MODELS: expected names in the manifests, bicubic or auto, with spaces between them, got',
    ],
    ['SR_MODEL=', 'SR_MODEL: expected a name in the manifest, or bicubic, got ""'],
    ['SR_SIZES=320,640', 'SR_SIZES: expected whole numbers of pixels with spaces between them, got "320,640"'],
    ['SR_SIZES= ', 'SR_SIZES: expected whole numbers of pixels with spaces between them, got " "'],
    ['SR_ALLOW_ORIGIN=www.example', 'SR_ALLOW_ORIGIN: expected an origin like https://www.example, or *, got'],
    ['SR_MAX_CPU_MS=10s', 'SR_MAX_CPU_MS: expected a whole number from 1, got "10s"'],
    ['SR_MAX_CPU_MS=0', 'SR_MAX_CPU_MS: expected a whole number from 1, got "0"'],
    ['SR_MAX_WAITING=', 'SR_MAX_WAITING: expected a whole number from 0, got ""'],
    ['SR_MAX_WAITNG=1', 'unknown variable SR_MAX_WAITNG, expected one of SR_ENABLED, SR_PARAM, SR_QUERY'],
  ])('such as %s is refused with the message: %s', (line, message) => {
    const [name, text] = line.split(/=(.*)/)
    expect(() => optionsOfVariables({ [name]: text })).toThrow(ConfigError)
    expect(() => optionsOfVariables({ [name]: text })).toThrow(message)
  })
})

test('variables and bindings that set no option are ignored', () => {
  const others = {
    ASSETS: {},
    ORIGIN_URL: 'https://images.example',
    RESULTS_BUCKET: {},
    SR_PREFIX: '/_sr/',
    SR_PLAYGROUND: 'true',
    SR_SIGNING_KEYS: 'a:secret',
    SR_PURGE_SECRET: 'secret',
    SR_PURGE_ZONE: 'zone',
    SR_PURGE_TOKEN: 'token',
  }
  expect(optionsOfVariables(others)).toEqual({})
})

test('a flag must be true or false', () => {
  expect([parseFlag('SR_PLAYGROUND', 'true'), parseFlag('SR_PLAYGROUND', 'false')]).toEqual([true, false])
  expect(() => parseFlag('SR_PLAYGROUND', '1')).toThrow('SR_PLAYGROUND: expected true or false, got "1"')
})
