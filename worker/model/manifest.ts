// Which weights there are: models/manifest.json, written by the trainer and read by the worker,
// from its bundle or from R2. One entry is one file: one network at one scale.
import { ModelError } from './onnx.ts'

export interface Manifest {
  readonly version: 1
  readonly models: readonly ModelEntry[]
}

export interface ModelEntry {
  /** `[a-z][a-z0-9-]*`, e.g. `srcnn`: one name for all its scales. */
  readonly name: string
  /** 2, 3 or 4. */
  readonly scale: number
  /** A name in the manifest's own folder. */
  readonly file: string
  /** Of the file, 64 lower-case hexadecimal digits. */
  readonly sha256: string
  readonly bytes: number

  /** As describeNetwork puts it: `9-1-5 1-64-32-1 residual`. One that enlarges is for `scale` alone. */
  readonly architecture?: string
  readonly padding?: string
  /** What it was trained on: `T91 (91 images)`. */
  readonly data?: string
  /** Of that data, as far as it is known: `T91: circulates for research; licence unknown`. */
  readonly licence?: string
  readonly seed?: number
  readonly steps?: number
  /** Patches seen, i.e. steps times batch. */
  readonly patches?: number
  /** What computed the gradients: equal bits need an equal runtime. */
  readonly runtime?: string
  /** What makes this file again. */
  readonly command?: string
  /** ISO 8601, only where somebody wants it: without it the same run gives the same manifest. */
  readonly date?: string
  readonly scores?: readonly ModelScore[]
  /** What these weights are compared by before they replace others. */
  readonly validation?: ValidationScore
  /** How much higher than bicubic on the project's own scenes, mean PSNR in dB. */
  readonly scenes?: number
}

/**
 * What `auto` means, and a trainer without `--arch`: sharper than SRCNN at every scale in a half to a sixth
 * of its time (README).
 */
export const DEFAULT_MODEL = 'fast'

/** Means over pictures that were held out of training, on luma, in dB. */
export interface ValidationScore {
  /** Names the pictures: figures of the same `data`, `images` and `input` can be compared. */
  readonly data: string
  readonly images: number
  /** As in ModelScore. */
  readonly input: string
  readonly psnr: number
  /** PSNR by bicubic alone. */
  readonly bicubic: number
}

/** Means over a test set, on luma. */
export interface ModelScore extends Quality {
  /** `Set5` */
  readonly set: string
  /** `float`: as papers measure. `uint8`: from an 8-bit picture, as a service receives it. */
  readonly input: string
  readonly images: number
  /** The same by bicubic alone. */
  readonly bicubic: Quality
}

export interface Quality {
  /** dB */
  readonly psnr: number
  readonly ssim: number
}

const MANIFEST_SCALES = [2, 3, 4]
const NAME = /^[a-z][a-z0-9-]*$/
const FILE = /^[A-Za-z0-9][A-Za-z0-9._-]*\.onnx$/
const SHA256 = /^[0-9a-f]{64}$/

/** Throws a ModelError that names the entry and what was expected. Keys it does not know are left out. */
export function parseManifest(text: string): Manifest {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new ModelError(`expected a manifest in JSON: ${(cause as Error).message}`, { cause })
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

/** The manifest as a file: entries by name and scale, keys in one order. Equal manifests give equal text. */
export function formatManifest(manifest: Manifest): string {
  const models = manifest.models.map((entry, i) => parseEntry(entry, `models[${i}]`))
  models.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.scale - b.scale))
  return `${JSON.stringify({ version: 1, models }, null, 2)}\n`
}

/** `manifest` with `entry` in place of the one of its name and scale, or added. */
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
    name: matching(entry.name, at('name'), NAME, 'a name like "srcnn"'),
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
    date: text('date'),
    scores: optional(entry.scores, (v) =>
      listOf(v, at('scores')).map((score, i) => parseScore(score, `${at('scores')}[${i}]`)),
    ),
    validation: optional(entry.validation, (v) => parseValidation(v, at('validation'))),
    scenes: optional(entry.scenes, (v) => numberOf(v, at('scenes'), Number.isFinite, 'dB')),
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
    return 'lists in lists without end' // deeper than the stack, though JSON.parse reads it
  }
}

/** Keys without a value do not appear at all, in memory as in the file. */
function withoutUndefined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined)) as T
}
