// Chooses the weights for a request: the bucket's, if its manifest has the name and scale, else the bundled ones. A new
// manifest is noticed within a minute, without a redeploy. The cache key contains the weights' hashes, so that an old
// result is never served for new weights.
//
// Requests share finished values, such as loaded networks, but never promises. In Workers a promise belongs to the
// request that made it. If this request is cancelled, the promise never settles, and another request that awaits it
// would hang.
import type { Bucket } from '../platform/bindings.ts'
import { quoted, SrError } from '../base/errors.ts'
import { loggableError } from '../base/loggable.ts'
import { sha256 } from '../base/sha256.ts'
import { type Manifest, parseManifest } from '../model/manifest.ts'
import { type Network, requireScale } from '../model/network.ts'
import { decodeNetwork } from '../model/networkFile.ts'
import type { Scale } from '../client/allowed.ts'
import type { BundledModels } from '../platform/platform.ts'
import { withinTimeout } from '../base/timeout.ts'

export interface ChosenModel {
  readonly name: string
  readonly from: 'bundled' | 'bucket'
  /** The first 16 hex digits of the file's SHA-256, which identify the weights in cache keys. */
  readonly hash: string
  /** Reads and checks the weights. Rejects if the file is missing, altered, or not a network that we can run. */
  load(): Promise<Network>
}

/**
 * The weights that a request may get at one scale. The picture decides between `model` and `jpegModel` (see
 * `modelFor`).
 */
export interface Candidates {
  /** Undefined for bicubic. */
  readonly model: ChosenModel | undefined
  /** Weights trained on compressed pictures. Undefined if there are none, or if a model was asked for by name. */
  readonly jpegModel: ChosenModel | undefined
}

/**
 * The lowest quality (1 to 100, the IJG's scale) at which a JPEG counts as clean. Below it, weights trained on clean
 * pictures also sharpen block edges and ringing. Above it, weights that remove these artefacts also remove detail.
 * Measured on Set5 and Set14 (`npm run evaluate -- --method srcnn,srcnn-jpeg --input jpeg:80,jpeg:90`): at 80,
 * srcnn-jpeg is better by 0.10 to 0.99 dB; at 90, srcnn is better by 0.05 to 0.25 dB. Changing this number changes
 * served pixels, so raise PIPELINE_VERSION with it.
 */
export const CLEAN_JPEG_QUALITY = 85

/**
 * Returns the weights for a picture. `jpegQuality` is from the header; it is undefined if the picture is not a JPEG.
 */
export function modelFor(jpegQuality: number | undefined, { model, jpegModel }: Candidates): ChosenModel | undefined {
  const isClean = jpegQuality === undefined || jpegQuality >= CLEAN_JPEG_QUALITY
  return isClean ? model : (jpegModel ?? model)
}

export interface Models {
  /**
   * Returns the weights for a name and scale; undefined for `bicubic`. Throws an SrError for an unknown name, which states
   * the known names, or those of them that are in `allowed`.
   */
  choose(name: string, scale: Scale, allowed?: readonly string[]): Promise<ChosenModel | undefined>
  /** Returns the weights for a name and scale; undefined if there are none. */
  find(name: string, scale: Scale): Promise<ChosenModel | undefined>
  /** Returns everything that can be chosen, for the health page. */
  list(): Promise<readonly ListedModel[]>
}

export interface ListedModel {
  readonly name: string
  readonly scale: number
  readonly hash: string
  readonly from: ChosenModel['from']
}

interface WeightsFile extends ListedModel {
  readonly sha256: string
  read(): Promise<ArrayBuffer | undefined>
}

/** End of the name of weights that were trained on compressed pictures. */
export const JPEG_SUFFIX = '-jpeg'

/** Value of `sr-model` for bicubic, which needs no network. */
export const BICUBIC = 'bicubic'

/**
 * Returns the short name of a model in texts: its name and the first 8 hex digits of its SHA-256, as in
 * `fast@1a2b3c4d`. Returns BICUBIC for undefined.
 */
export function labelOf(model: Pick<ChosenModel, 'name' | 'hash'> | undefined): string {
  return model ? `${model.name}@${model.hash.slice(0, 8)}` : BICUBIC
}

const MANIFEST = 'manifest.json'
/**
 * How long a manifest is used before it is read again. options.ts says that new weights are used within a minute. Half
 * a minute leaves a margin for a clock that jumps.
 */
const REFRESH_MS = 30_000

export function createModels(bundled: BundledModels, bucket: Bucket | undefined, now: () => number = Date.now): Models {
  const bundledFiles = filesOf(bundled.manifest, 'bundled', bundled.read)
  const networks = new Map<string, Network>()
  /** All weights that can be chosen, those of the bucket first. */
  let allFiles: readonly WeightsFile[] = bundledFiles
  let manifestEtag: string | undefined
  let checkedAt = -Infinity

  const refresh = async (from: Bucket) => {
    checkedAt = now()
    try {
      const object = await withinTimeout(
        from.get(MANIFEST, manifestEtag ? { onlyIf: { etagDoesNotMatch: manifestEtag } } : {}),
      )
      if (object && !('body' in object)) return // unchanged
      if (object) {
        const manifest = parseManifest(await withinTimeout(object.text()))
        const read = async (file: string) => (await from.get(file))?.arrayBuffer()
        allFiles = [...filesOf(manifest, 'bucket', read), ...bundledFiles]
      } else {
        allFiles = bundledFiles
      }
      manifestEtag = object?.etag
    } catch (cause) {
      console.error(
        `models: the bucket's ${MANIFEST} cannot be used; the weights stay as they were`,
        loggableError(cause),
      )
    }
  }
  const currentFiles = async () => {
    if (bucket && now() - checkedAt >= REFRESH_MS) await refresh(bucket)
    return allFiles
  }
  const load = async (file: WeightsFile) => {
    const network = networks.get(file.sha256) ?? (await readNetwork(file))
    requireScale(network, file.scale)
    return network
  }
  const readNetwork = async ({ name, scale, from, sha256: expected, read }: WeightsFile) => {
    const bytes = await withinTimeout(read())
    const title = `${name} x${scale} (${from})`
    if (!bytes) throw new Error(`the weights of ${title} are missing`)
    const actual = await sha256(new Uint8Array(bytes))
    if (actual !== expected) throw new Error(`expected sha256 ${expected} of ${title}, got ${actual}`)
    const network = decodeNetwork(new Uint8Array(bytes))
    networks.set(expected, network)
    return network
  }
  const find = async (name: string, scale: Scale): Promise<ChosenModel | undefined> => {
    const file = (await currentFiles()).find((candidate) => candidate.name === name && candidate.scale === scale)
    return file && { name, from: file.from, hash: file.hash, load: () => load(file) }
  }

  return {
    find,
    async choose(name, scale, allowed) {
      if (name === BICUBIC) return undefined
      const model = await find(name, scale)
      if (model) return model
      const others = (await currentFiles()).filter((file) => file.scale === scale)
      const known = [BICUBIC, ...others.map((file) => file.name)].filter((one) => allowed?.includes(one) ?? true)
      const names = new Set(['auto', ...known])
      throw new SrError(
        'MODEL_UNKNOWN',
        `sr-model must be one of ${[...names].join(', ')} at x${scale}, got ${quoted(name)}`,
      )
    },
    async list() {
      const seen = new Set<string>()
      return (await currentFiles())
        .filter(({ name, scale }) => !seen.has(`${name} ${scale}`) && seen.add(`${name} ${scale}`))
        .map(({ name, scale, hash, from }) => ({ name, scale, hash, from }))
    },
  }
}

function filesOf(
  manifest: Manifest,
  from: ListedModel['from'],
  read: (file: string) => Promise<ArrayBuffer | undefined>,
): WeightsFile[] {
  return manifest.models.map(({ name, scale, file, sha256: hash }) => ({
    name,
    scale,
    from,
    sha256: hash,
    hash: hash.slice(0, 16),
    read: () => read(file),
  }))
}
