// Makes cache keys from the source's URL and from everything else that changes a pixel of the result.
import { sha256 } from '../base/sha256.ts'
import type { Format } from '../client/allowed.ts'
import type { Settings } from '../options.ts'
import { PIPELINE_VERSION } from '../picture/makeFile.ts'
import { BICUBIC } from '../picture/models.ts'
import type { Choices, Decision } from '../picture/plan.ts'
import type { Size, Wish } from '../picture/wish.ts'

export interface Key {
  /** Name of the source's URL (sourceName). */
  readonly source: string
  /**
   * Everything else that a request's result depends on, as it was asked for: size, format, quality, weights, engines,
   * limits, PIPELINE_VERSION.
   */
  readonly variant: string
  /** Tags by which the edge cache can purge everything that is stored under this key. */
  readonly tags: readonly string[]
}

/**
 * Builds the cache key of a request from what is known before the origin is asked. The format in the wish must be the
 * negotiated one, not `auto`. If the choice between several sets of weights depends on the picture, the key contains
 * all of them. `engines`: see Platform.
 */
export async function lookupKey(
  { size, format, quality }: Wish,
  sourceUrl: string,
  choices: Choices,
  { sizes, maxSourceBytes, maxSourcePixels, maxOutputPixels, maxCpuMs, maxMemoryBytes }: Settings,
  engines: string,
): Promise<Key> {
  const models = [...choices.values()]
    .flatMap(({ model, jpegModel }) => [model, jpegModel])
    .filter((model) => model !== undefined)
  const weights = models.map(({ name, hash }) => `${name}@${hash}`).join('_')
  const network = weights === '' ? BICUBIC : `${weights}-${engines}`
  const ownLimits = [maxSourceBytes, maxSourcePixels, maxOutputPixels, maxCpuMs, maxMemoryBytes]
  const limits = [...ownLimits, ...(size.scale === undefined ? sizes : [])].join('.')
  const source = await sourceName(sourceUrl)
  return {
    source,
    variant: `${sizeName(size)}-${format}-${stepsName(format, quality)}-${network}-${limits}-v${PIPELINE_VERSION}`,
    tags: [...sourceTags(source), ...new Set(models.map(({ name }) => modelTag(name)))],
  }
}

/**
 * Returns the name of a result, which contains everything that the bytes depend on besides the source's bytes. So it is
 * the same for all requests that come to this result, whatever they ask for. `engine`: see Engine.
 */
export function resultVariant({ plan, model }: Decision): string {
  const { scale, width, height, format, quality } = plan
  const network = plan.model && model ? `${plan.model.name}@${plan.model.hash}-${model.engine.name}` : BICUBIC
  return `x${scale}-${width}x${height}-${format}-${stepsName(format, quality)}-${network}-v${PIPELINE_VERSION}`
}

/** PNG ignores the quality, so its keys contain none. */
function stepsName(format: Format, quality: number): string {
  return format === 'png' ? 'lossless' : `q${quality}`
}

function sizeName({ scale, width, height }: Size): string {
  if (scale !== undefined) return `x${scale}`
  return `${width === undefined ? '' : `w${width}`}${height === undefined ? '' : `h${height}`}`
}

/**
 * Returns the name of a source's URL in keys: the SHA-256 of the URL without its query, a dot, and the SHA-256 of the
 * whole URL. So the names of all queries of a picture begin alike, and a purge finds them.
 */
export async function sourceName(sourceUrl: string): Promise<string> {
  const [bare] = sourceUrl.split('?', 1)
  const digestOf = (url: string) => sha256(new TextEncoder().encode(url))
  const whole = digestOf(sourceUrl)
  return (await Promise.all([bare === sourceUrl ? whole : digestOf(bare), whole])).join('.')
}

/**
 * Returns the ETag of a result. The ETag is strong, because the same source bytes and `variant` (resultVariant) always
 * give the same result bytes.
 */
export async function etagOf(digest: string, variant: string): Promise<string> {
  const hash = await sha256(new TextEncoder().encode(`${digest}/${variant}`))
  return `"${hash.slice(0, 32)}"`
}

/** Returns the tag of everything that is stored for a URL, or for all queries of a URL. `digest` is that of the URL. */
export const urlTag = (digest: string) => `edge-srcnn-source-${digest.slice(0, 32)}`
/** Returns the tags of everything that is stored for a source: that of its URL without the query, and that of its URL. */
const sourceTags = (source: string) => new Set(source.split('.').map(urlTag))
/** Returns the tag of everything that was made from a picture. `digest` is that of its bytes. */
export const pictureTag = (digest: string) => `edge-srcnn-picture-${digest.slice(0, 32)}`
/** Returns the tags of what is stored under a key for a picture. `digest` is empty if the picture is not known. */
export function tagsFor({ tags }: Key, digest: string): readonly string[] {
  return digest === '' ? tags : [...tags, pictureTag(digest)]
}
/** Returns the tag of everything that was made with a model's weights. */
export const modelTag = (name: string) => `edge-srcnn-model-${name}`

/** Returns true if the variant of a key or of a result contains the model `name`. */
export function isVariantOf(variant: string, name: string): boolean {
  const weights = variant.replace(/^[xwh\d]+(-\d+x\d+)?-[a-z]+-(q\d+|lossless)-/, '')
  return weights.startsWith(`${name}@`) || weights.includes(`_${name}@`)
}
