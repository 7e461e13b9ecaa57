// The manifest.json that a bucket serves. Each manifest names the key of the one that it replaced. Earlier manifests
// are stored under manifests/, with their digests in the keys. So this chain of keys cannot contain a cycle, and
// storing a manifest twice changes nothing.
import { formatManifest, type Manifest, parseManifest } from '../../worker/model/manifest.ts'
import { MANIFEST_FILE, sha256Of } from '../run/export.ts'
import type { ObjectStore } from './contract.ts'

export interface ServedManifest {
  readonly manifest: Manifest
  /** Time of publication, ISO 8601. Absent from a manifest written by hand. */
  readonly date?: string
  /** Key of the manifest that this one replaced. */
  readonly previous?: string
  readonly bytes: Uint8Array
  readonly etag: string
}

/** Number of SHA-256 digits in a key, the same as in the worker's model hashes. */
const KEY_DIGITS = 16
const KEPT = new RegExp(`^manifests/([0-9a-f]{${KEY_DIGITS}})\\.json$`)

/** Returns the key of a model file, for example `srcnn-x3.5b4de2ca93c4e0ed.onnx`. */
export function modelKey(name: string, scale: number, sha256: string): string {
  return `${name}-x${scale}.${sha256.slice(0, KEY_DIGITS)}.onnx`
}

/**
 * Returns the manifest that the bucket serves now, or undefined if there is none. Throws if the manifest cannot be
 * parsed.
 */
export async function readServed(store: ObjectStore): Promise<ServedManifest | undefined> {
  const object = await store.get(MANIFEST_FILE)
  return object && { ...parseServed(object.bytes, MANIFEST_FILE, store), etag: object.etag }
}

/**
 * Returns the manifest that the given one replaced, or undefined if the given one is the first. Throws if the replaced
 * one is missing or altered.
 */
export async function readPrevious(
  store: ObjectStore,
  { previous }: Pick<ServedManifest, 'previous'>,
): Promise<Omit<ServedManifest, 'etag'> | undefined> {
  if (previous === undefined) return undefined
  const digest = KEPT.exec(previous)?.[1]
  const object = digest === undefined ? undefined : await store.get(previous)
  if (object === undefined) throw new Error(`${previous} is missing from ${store.title}`)
  if (!sha256Of(object.bytes).startsWith(digest!)) {
    throw new Error(`${previous} in ${store.title} was altered: its digest does not match its key`)
  }
  return parseServed(object.bytes, previous, store)
}

/** Stores a copy of a manifest that is about to be replaced. Returns the copy's key. */
export async function keepManifest(store: ObjectStore, { bytes }: ServedManifest): Promise<string> {
  const key = `manifests/${sha256Of(bytes).slice(0, KEY_DIGITS)}.json`
  await store.put(key, bytes)
  return key
}

/** Formats manifest.json for the worker, plus `date` and `previous`, which only the trainer reads. */
export function formatServed(manifest: Manifest, date: string, previous?: string): Uint8Array {
  const { version, models } = JSON.parse(formatManifest(manifest)) as Manifest
  const whole = { version, date, previous, models }
  return new TextEncoder().encode(`${JSON.stringify(whole, null, 2)}\n`)
}

/**
 * Returns a message for each file of the manifest that is missing from the bucket or altered, for example `KEY is
 * missing`.
 */
export async function brokenFiles(store: ObjectStore, { models }: Manifest): Promise<string[]> {
  const faults = models.map(async ({ file, sha256 }) => {
    const object = await store.get(file)
    if (object === undefined) return `${file} is missing`
    return sha256Of(object.bytes) === sha256 ? undefined : `${file} was altered`
  })
  return (await Promise.all(faults)).filter((fault) => fault !== undefined)
}

function parseServed(bytes: Uint8Array, key: string, store: ObjectStore): Omit<ServedManifest, 'etag'> {
  const text = new TextDecoder().decode(bytes)
  try {
    const manifest = parseManifest(text)
    const { date, previous } = JSON.parse(text) as Record<string, unknown>
    return { manifest, bytes, date: textOrNone(date), previous: textOrNone(previous) }
  } catch (cause) {
    throw new Error(`${key} in ${store.title} cannot be read`, { cause })
  }
}

function textOrNone(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
