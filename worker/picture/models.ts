// Which weights a request gets: those of the bucket's manifest where it has the name and scale,
// else the bundled ones. A new manifest is noticed within a minute, without a redeploy, and its
// hashes are in the cache key, so that an old result is never served for new weights.
//
// Memos hold settled values only. In Workers a promise belongs to the request that made it: when
// that is cancelled it never settles, and another request that awaits it would hang.
import type { Bucket } from '../platform/bindings.ts'
import { sha256 } from '../base/sha256.ts'
import { SrError } from '../base/errors.ts'
import { type Manifest, parseManifest } from '../model/manifest.ts'
import { type Network, requireScale } from '../model/network.ts'
import { decodeNetwork } from '../model/networkFile.ts'
import type { Scale } from '../client/allowed.ts'
import { quoted } from '../request/params.ts'
import { withinTimeout } from '../base/timeout.ts'

/** Weights that come with the package. */
export interface BundledModels {
  readonly manifest: Manifest
  /** A file that the manifest names; undefined where it is missing. */
  read(file: string): Promise<ArrayBuffer | undefined>
}

export interface ChosenModel {
  readonly name: string
  readonly from: 'bundled' | 'bucket'
  /** The first 16 hex digits of the file's SHA-256: what stands for these weights in keys. */
  readonly hash: string
  /** Reads and checks the weights; rejects where the file is missing, altered or no network of ours. */
  load(): Promise<Network>
}

/** What a request may get; which of the two, its picture says (`modelFor`). */
export interface Candidates {
  /** Undefined: bicubic. */
  readonly model: ChosenModel | undefined
  /** Trained on compressed pictures; undefined where there are none, or where they were not asked for. */
  readonly jpegModel: ChosenModel | undefined
}

/**
 * From this quality on (1 to 100, the IJG's scale) a JPEG counts as clean. Below it, weights that were
 * trained on clean pictures make block edges and ringing sharper too; above it, weights that remove
 * these take detail for it. Measured on Set5 and Set14 (`npm run evaluate -- --method srcnn,srcnn-jpeg
 * --input jpeg:80,jpeg:90`): at 80 srcnn-jpeg is 0.10 to 0.99 dB better, at 90 srcnn by 0.05 to 0.25.
 * Another value serves other pixels: raise PIPELINE_VERSION with it.
 */
export const CLEAN_JPEG_QUALITY = 85

/** The weights for a picture; `jpegQuality` is its header's, undefined for whatever is no JPEG. */
export function modelFor(jpegQuality: number | undefined, { model, jpegModel }: Candidates): ChosenModel | undefined {
  const isClean = jpegQuality === undefined || jpegQuality >= CLEAN_JPEG_QUALITY
  return isClean ? model : (jpegModel ?? model)
}

export interface Models {
  /** The weights for a name and scale; undefined for `bicubic`. Throws an SrError for an unknown name. */
  choose(name: string, scale: Scale): Promise<ChosenModel | undefined>
  /** The weights for a name and scale; undefined where there are none. */
  find(name: string, scale: Scale): Promise<ChosenModel | undefined>
  /** Everything that can be chosen, for people. */
  list(): Promise<readonly ListedModel[]>
}

export interface ListedModel {
  readonly name: string
  readonly scale: number
  readonly hash: string
  readonly from: ChosenModel['from']
}

interface Source extends ListedModel {
  readonly sha256: string
  read(): Promise<ArrayBuffer | undefined>
}

/** What `sr-model` calls doing without a network. */
export const BICUBIC = 'bicubic'

/** The model in texts: `fast@1a2b3c4d`, its name and the first 8 hex digits of its SHA-256; BICUBIC for undefined. */
export function labelOf(model: Pick<ChosenModel, 'name' | 'hash'> | undefined): string {
  return model ? `${model.name}@${model.hash.slice(0, 8)}` : BICUBIC
}

const MANIFEST = 'manifest.json'
/** "Within a minute", with room for clocks that step. */
const REFRESH_MS = 30_000

export function createModels(bundled: BundledModels, bucket: Bucket | undefined, now: () => number = Date.now): Models {
  const bundledSources = sourcesOf(bundled.manifest, 'bundled', bundled.read)
  const networks = new Map<string, Network>()
  /** Those of the bucket first. */
  let allSources: readonly Source[] = bundledSources
  let manifestEtag: string | undefined
  let checkedAt = -Infinity

  const refresh = async (from: Bucket) => {
    checkedAt = now()
    try {
      const object = await withinTimeout(
        from.get(MANIFEST, manifestEtag ? { onlyIf: { etagDoesNotMatch: manifestEtag } } : {}),
      )
      if (object && !('body' in object)) return // as we know it
      if (object) {
        const manifest = parseManifest(await withinTimeout(object.text()))
        const read = async (file: string) => (await from.get(file))?.arrayBuffer()
        allSources = [...sourcesOf(manifest, 'bucket', read), ...bundledSources]
      } else {
        allSources = bundledSources
      }
      manifestEtag = object?.etag
    } catch (cause) {
      console.error(`models: the bucket's ${MANIFEST} cannot be used, going on as before`, cause)
    }
  }
  const sources = async () => {
    if (bucket && now() - checkedAt >= REFRESH_MS) await refresh(bucket)
    return allSources
  }
  const load = async (source: Source) => {
    const network = networks.get(source.sha256) ?? (await read(source))
    requireScale(network, source.scale)
    return network
  }
  const read = async (source: Source) => {
    const file = await withinTimeout(source.read())
    const title = `${source.name} x${source.scale} (${source.from})`
    if (!file) throw new Error(`the weights of ${title} are missing`)
    const actual = await sha256(new Uint8Array(file))
    if (actual !== source.sha256) {
      throw new Error(`expected sha256 ${source.sha256} of ${title}, got ${actual}`)
    }
    const network = decodeNetwork(new Uint8Array(file))
    networks.set(source.sha256, network)
    return network
  }
  const find = async (name: string, scale: Scale): Promise<ChosenModel | undefined> => {
    const source = (await sources()).find((one) => one.name === name && one.scale === scale)
    return source && { name, from: source.from, hash: source.hash, load: () => load(source) }
  }

  return {
    find,
    async choose(name, scale) {
      if (name === BICUBIC) return undefined
      const model = await find(name, scale)
      if (model) return model
      const others = (await sources()).filter((one) => one.scale === scale)
      const names = new Set(['auto', BICUBIC, ...others.map((one) => one.name)])
      throw new SrError(
        'MODEL_UNKNOWN',
        `sr-model must be one of ${[...names].join(', ')} at x${scale}, got ${quoted(name)}`,
      )
    },
    async list() {
      const seen = new Set<string>()
      return (await sources())
        .filter(({ name, scale }) => !seen.has(`${name} ${scale}`) && seen.add(`${name} ${scale}`))
        .map(({ name, scale, hash, from }) => ({ name, scale, hash, from }))
    },
  }
}

function sourcesOf(
  manifest: Manifest,
  from: ListedModel['from'],
  read: (file: string) => Promise<ArrayBuffer | undefined>,
): Source[] {
  return manifest.models.map(({ name, scale, file, sha256: hash }) => ({
    name,
    scale,
    from,
    sha256: hash,
    hash: hash.slice(0, 16),
    read: () => read(file),
  }))
}
