// What a bucket serves: its manifest.json, which names the manifest before it, and so on back. The
// earlier ones lie under manifests/, each under its own digest: they cannot form a circle, and
// keeping one twice changes nothing.
import { formatManifest, type Manifest, parseManifest } from '../../worker/model/manifest.ts'
import { MANIFEST, sha256Of } from '../run/export.ts'
import type { ObjectStore } from './openStore.ts'

export interface ServedManifest {
  readonly manifest: Manifest
  /** When it was published, ISO 8601; absent from one that somebody wrote by hand. */
  readonly date?: string
  /** The key of the manifest that it replaced. */
  readonly previous?: string
  readonly bytes: Uint8Array
  readonly etag: string
}

/** Digits of a SHA-256 in keys, as in the worker's. */
const KEY_DIGITS = 16
const KEPT = new RegExp(`^manifests/([0-9a-f]{${KEY_DIGITS}})\\.json$`)

/** Of a file with this SHA-256: `srcnn-x3.5b4de2ca93c4e0ed.onnx`. */
export function modelKey(name: string, scale: number, sha256: string): string {
  return `${name}-x${scale}.${sha256.slice(0, KEY_DIGITS)}.onnx`
}

/** Undefined where the bucket serves nothing yet. Throws where its manifest cannot be read. */
export async function readServed(store: ObjectStore): Promise<ServedManifest | undefined> {
  const object = await store.get(MANIFEST)
  return object && { ...parseServed(object.bytes, MANIFEST, store), etag: object.etag }
}

/** The manifest that `served` replaced; undefined for the first. Throws where it is lost or altered. */
export async function readPrevious(
  store: ObjectStore,
  { previous }: Pick<ServedManifest, 'previous'>,
): Promise<Omit<ServedManifest, 'etag'> | undefined> {
  if (previous === undefined) return undefined
  const digest = KEPT.exec(previous)?.[1]
  const object = digest === undefined ? undefined : await store.get(previous)
  if (object === undefined) throw new Error(`${previous} is missing from ${store.title}`)
  if (!sha256Of(object.bytes).startsWith(digest!)) {
    throw new Error(`${previous} in ${store.title} was altered: its digest is another`)
  }
  return parseServed(object.bytes, previous, store)
}

/** Keeps a manifest that is about to be replaced, and returns its key. */
export async function keepManifest(store: ObjectStore, { bytes }: ServedManifest): Promise<string> {
  const key = `manifests/${sha256Of(bytes).slice(0, KEY_DIGITS)}.json`
  await store.put(key, bytes)
  return key
}

/** manifest.json as the worker reads it, with what only this side looks at. */
export function formatServed(manifest: Manifest, date: string, previous?: string): Uint8Array {
  const { version, models } = JSON.parse(formatManifest(manifest)) as Manifest
  const whole = { version, date, previous, models }
  return new TextEncoder().encode(`${JSON.stringify(whole, null, 2)}\n`)
}

/** Files that the manifest names and the bucket does not have as they should be: `KEY is missing`. */
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
