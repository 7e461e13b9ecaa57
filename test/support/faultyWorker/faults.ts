// What can go wrong inside a worker, by name. A request of a test names what is to happen to it alone, in a
// header: so that one worker tries hundreds of cells at once.

export const FAULTS_HEADER = 'x-faults'

export interface Faults {
  /** Of the edge cache, and of the bucket of results. */
  readonly edge?: StoreFault
  readonly r2?: StoreFault
  readonly compute?: ComputeFault
  /** Of the bucket of weights. */
  readonly models?: StoreFault
  /** Of the static assets, where weights are that the script does not hold. */
  readonly assets?: AssetsFault
}

/** Of one that holds named bytes: `entry` is what is known of a URL, `result` the bytes of a picture. */
export const STORE_FAULTS = [
  // Reading
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
  // Writing
  'put throws',
  'put hangs',
  'put keeps nothing',
  'put keeps half',
  'put loses results',
] as const
export type StoreFault = (typeof STORE_FAULTS)[number]

export const COMPUTE_FAULTS = [
  'decoder traps',
  'decoder gives null',
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
  'no memory',
] as const
/** The last is none: it gives a visitor time to leave. */
export type ComputeFault = (typeof COMPUTE_FAULTS)[number] | 'network takes long'

export const ASSETS_FAULTS = ['throws', 'hangs', 'is missing', 'is cut'] as const
export type AssetsFault = (typeof ASSETS_FAULTS)[number]
