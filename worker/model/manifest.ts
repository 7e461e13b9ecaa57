// The list of available weights, models/manifest.json. The trainer writes it; the worker reads it from its bundle or
// from R2. Each entry describes one file: one network at one scale.
import { ModelError } from './onnx.ts'

export interface Manifest {
  readonly version: 1
  readonly models: readonly ModelEntry[]
}

export interface ModelEntry {
  /** Matches `[a-z][a-z0-9-]*`, e.g. `srcnn`. A model has the same name at all its scales. */
  readonly name: string
  /** Scale factor: 2, 3 or 4. */
  readonly scale: number
  /** Name of the file, which is in the folder of the manifest. */
  readonly file: string
  /** SHA-256 digest of the file, 64 lower-case hexadecimal digits. */
  readonly sha256: string
  /** Size of the file in bytes. */
  readonly bytes: number

  /**
   * Shape of the network, as describeNetwork formats it: `9-1-5 1-64-32-1 residual`. A network that enlarges works only
   * for `scale`.
   */
  readonly architecture?: string
  readonly padding?: string
  /** Training data: `T91 (91 images)`. */
  readonly data?: string
  /** Licence of the data, as far as known: `T91: circulates for research; licence unknown`. */
  readonly licence?: string
  readonly seed?: number
  readonly steps?: number
  /** Number of patches that the network was trained on, i.e. steps times batch size. */
  readonly patches?: number
  /** Runtime that computed the gradients; only the same runtime reproduces the same bits. */
  readonly runtime?: string
  /** Command line that reproduces this file. */
  readonly command?: string
  /** The weights that training started from, then those that their training started from, and so on. */
  readonly parents?: readonly Parent[]
  /** Date of the training in ISO 8601. Written only on request: without it, the same run gives the same manifest. */
  readonly date?: string
  readonly scores?: readonly ModelScore[]
  /** Score that decides whether new weights replace the current ones. */
  readonly validation?: ValidationScore
  /** Mean gain in PSNR over bicubic on the project's own scenes, in dB. */
  readonly scenes?: number
}

/** Weights from which others were trained. Fields that are not known are left out. See ModelEntry. */
export type Parent = Pick<ModelEntry, 'sha256' | 'data' | 'licence' | 'command'>

/**
 * The model that `auto` stands for. The trainer trains it if `--arch` is not given. It is sharper than SRCNN at every
 * scale and takes a sixth to a half of SRCNN's time (README).
 */
export const DEFAULT_MODEL = 'fast'

/** Mean PSNR on luma in dB, over pictures that are not used for training. */
export interface ValidationScore {
  /** Name of the set of pictures. Scores with the same `data`, `images` and `input` are comparable. */
  readonly data: string
  readonly images: number
  /** Kind of input, as in ModelScore. */
  readonly input: string
  readonly psnr: number
  /** Mean PSNR of bicubic enlargement in dB. */
  readonly bicubic: number
}

/** Mean PSNR and SSIM on luma over a test set. */
export interface ModelScore extends Quality {
  /** Name of the test set: `Set5`. */
  readonly set: string
  /** `float`: unrounded input, as in papers. `uint8`: an 8-bit picture, as the worker receives it. */
  readonly input: string
  readonly images: number
  /** Mean PSNR and SSIM of bicubic enlargement. */
  readonly bicubic: Quality
}

export interface Quality {
  /** Peak signal-to-noise ratio in dB. */
  readonly psnr: number
  readonly ssim: number
}

const MANIFEST_SCALES = [2, 3, 4]
/** The names that a model can have. */
export const MODEL_NAME = /^[a-z][a-z0-9-]*$/
const FILE = /^[A-Za-z0-9][A-Za-z0-9._-]*\.onnx$/
const SHA256 = /^[0-9a-f]{64}$/

/** Parses a manifest. Drops unknown keys. Throws a ModelError that names the entry and what was expected. */
export function parseManifest(text: string): Manifest {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new ModelError(`expected a manifest in JSON, but ${(cause as Error).message}`, { cause })
  }
  const { version, models } = recordOf(value, 'the manifest')
  if (version !== 1) throw new ModelError(`expected manifest version 1, got ${show(version)}`)
  const entries = listOf(models, 'models').map((entry, i) => parseEntry(entry, `models[${i}]`))
  const seen = new Set<string>()
  for (const { name, scale } of entries) {
    const key = `"${name}" at scale ${scale}`
    if (seen.has(key)) throw new ModelError(`expected each model once, got ${key} twice`)
    seen.add(key)
  }
  return { version: 1, models: entries }
}

/** Formats the manifest as a file. Entries and keys have a fixed order, so that equal manifests give equal text. */
export function formatManifest(manifest: Manifest): string {
  const models = manifest.models.map((entry, i) => parseEntry(entry, `models[${i}]`))
  models.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.scale - b.scale))
  return `${JSON.stringify({ version: 1, models }, null, 2)}\n`
}

/** Returns `manifest` with `entry` added, in place of any entry of the same name and scale. */
export function withEntry(manifest: Manifest, entry: ModelEntry): Manifest {
  const others = manifest.models.filter(({ name, scale }) => name !== entry.name || scale !== entry.scale)
  return { version: 1, models: [...others, entry] }
}

function parseEntry(value: unknown, where: string): ModelEntry {
  const entry = recordOf(value, where)
  const at = (key: string) => `${where}.${key}`
  const text = (key: string) => optional(entry[key], (v) => textOf(v, at(key)))
  const count = (key: string) => optional(entry[key], (v) => numberOf(v, at(key), isCount, COUNT))
  return withoutUndefined({
    name: matching(entry.name, at('name'), MODEL_NAME, 'a name like "srcnn"'),
    scale: numberOf(entry.scale, at('scale'), (v) => MANIFEST_SCALES.includes(v), MANIFEST_SCALES.join(', ')),
    file: matching(entry.file, at('file'), FILE, 'a file name that ends in .onnx, without a path'),
    sha256: matching(entry.sha256, at('sha256'), SHA256, '64 lower-case hexadecimal digits'),
    bytes: numberOf(entry.bytes, at('bytes'), isCount, COUNT),
    architecture: text('architecture'),
    padding: text('padding'),
    data: text('data'),
    licence: text('licence'),
    seed: optional(entry.seed, (v) => numberOf(v, at('seed'), Number.isInteger, 'an integer')),
    steps: count('steps'),
    patches: count('patches'),
    runtime: text('runtime'),
    command: text('command'),
    parents: optional(entry.parents, (v) =>
      listOf(v, at('parents')).map((parent, i) => parseParent(parent, `${at('parents')}[${i}]`)),
    ),
    date: text('date'),
    scores: optional(entry.scores, (v) =>
      listOf(v, at('scores')).map((score, i) => parseScore(score, `${at('scores')}[${i}]`)),
    ),
    validation: optional(entry.validation, (v) => parseValidation(v, at('validation'))),
    scenes: optional(entry.scenes, (v) => numberOf(v, at('scenes'), Number.isFinite, 'dB')),
  })
}

function parseParent(value: unknown, where: string): Parent {
  const parent = recordOf(value, where)
  const text = (key: string) => optional(parent[key], (v) => textOf(v, `${where}.${key}`))
  return withoutUndefined({
    sha256: matching(parent.sha256, `${where}.sha256`, SHA256, '64 lower-case hexadecimal digits'),
    data: text('data'),
    licence: text('licence'),
    command: text('command'),
  })
}

function parseValidation(value: unknown, where: string): ValidationScore {
  const validation = recordOf(value, where)
  const decibels = (key: string) => numberOf(validation[key], `${where}.${key}`, Number.isFinite, 'dB')
  return {
    data: textOf(validation.data, `${where}.data`),
    images: numberOf(validation.images, `${where}.images`, isCount, COUNT),
    input: textOf(validation.input, `${where}.input`),
    psnr: decibels('psnr'),
    bicubic: decibels('bicubic'),
  }
}

function parseScore(value: unknown, where: string): ModelScore {
  const score = recordOf(value, where)
  return {
    set: textOf(score.set, `${where}.set`),
    input: textOf(score.input, `${where}.input`),
    images: numberOf(score.images, `${where}.images`, isCount, COUNT),
    ...parseQuality(score, where),
    bicubic: parseQuality(recordOf(score.bicubic, `${where}.bicubic`), `${where}.bicubic`),
  }
}

function parseQuality(value: Record<string, unknown>, where: string): Quality {
  return {
    psnr: numberOf(value.psnr, `${where}.psnr`, Number.isFinite, 'dB'),
    ssim: numberOf(value.ssim, `${where}.ssim`, (v) => Math.abs(v) <= 1, 'a number up to 1'),
  }
}

const COUNT = 'a whole number above 0'
const isCount = (value: number) => Number.isInteger(value) && value > 0

function optional<T>(value: unknown, parse: (value: unknown) => T): T | undefined {
  return value === undefined ? undefined : parse(value)
}

function recordOf(value: unknown, where: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>
  }
  throw unexpected(where, 'an object', value)
}

function listOf(value: unknown, where: string): unknown[] {
  if (Array.isArray(value)) return value
  throw unexpected(where, 'a list', value)
}

function textOf(value: unknown, where: string): string {
  return matching(value, where, /^/, 'text')
}

function matching(value: unknown, where: string, pattern: RegExp, expected: string): string {
  if (typeof value === 'string' && pattern.test(value)) return value
  throw unexpected(where, expected, value)
}

function numberOf(value: unknown, where: string, isValid: (value: number) => boolean, expected: string): number {
  if (typeof value === 'number' && isValid(value)) return value
  throw unexpected(where, expected, value)
}

function unexpected(where: string, expected: string, value: unknown): ModelError {
  return new ModelError(`${where}: expected ${expected}, got ${show(value)}`)
}

function show(value: unknown): string {
  if (value === undefined) return 'nothing'
  try {
    return JSON.stringify(value).slice(0, 80)
  } catch {
    return 'a value nested too deeply' // JSON.parse can read it, but JSON.stringify overflows the stack
  }
}

/** Removes keys whose value is undefined, so that an entry has the same keys in memory and in the file. */
function withoutUndefined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined)) as T
}
