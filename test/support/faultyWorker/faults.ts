// The names of everything that can go wrong inside a worker. A request names its own faults in a header, so that one
// worker can try hundreds of cells at the same time.

export const FAULTS_HEADER = 'x-faults'

export interface Faults {
  /** Fault of the edge cache. */
  readonly edge?: StoreFault
  /** Fault of the bucket of results. */
  readonly r2?: StoreFault
  /** Fault of a codec, a network, the enlarger or the shrinker. */
  readonly compute?: ComputeFault
  /** Fault of the bucket of weights. */
  readonly models?: StoreFault
  /** Fault of the static assets, which hold the weights that are not in the script. */
  readonly assets?: AssetsFault
}

/**
 * Faults of a cache or bucket. These stores hold objects of two kinds: an `entry` describes the result for a URL, and a
 * `result` is the file.
 */
export const STORE_FAULTS = [
  // Faults of reading
  'get throws',
  'get hangs',
  'get finds nothing',
  'body breaks off',
  'body hangs',
  'entry is cut',
  'entry is garbage',
  'entry is empty',
  'entry has wrong types',
  'result is missing',
  'result is cut',
  'result is garbage',
  'result is empty',
  // Faults of writing
  'put throws',
  'put hangs',
  'put keeps nothing',
  'put keeps half',
  'put loses results',
] as const
export type StoreFault = (typeof STORE_FAULTS)[number]

export const COMPUTE_FAULTS = [
  'decoder traps',
  'decoder gives nothing',
  'decoder gives another size',
  'decoder gives NaN',
  'encoder traps',
  'encoder gives null',
  'encoder gives nothing',
  'encoder gives garbage',
  'encoder gives another size',
  'network traps',
  'network gives NaN',
  'network gives one NaN',
  'enlarger traps',
  'shrinker traps',
  'no memory',
] as const
/** `network takes long` is not a failure. It gives a visitor time to leave. */
export type ComputeFault = (typeof COMPUTE_FAULTS)[number] | 'network takes long'

export const ASSETS_FAULTS = ['throws', 'hangs', 'is missing', 'is cut'] as const
export type AssetsFault = (typeof ASSETS_FAULTS)[number]
