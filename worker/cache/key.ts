// Makes cache keys from the source's URL and from everything else that changes a pixel of the result.
import { sha256 } from '../base/sha256.ts'
import type { Format } from '../client/allowed.ts'
import type { Settings } from '../options.ts'
import { PIPELINE_VERSION } from '../picture/makeFile.ts'
import { BICUBIC } from '../picture/models.ts'
import type { Choices, Decision } from '../picture/plan.ts'
import type { Size, Wish } from '../picture/wish.ts'

export interface Key {
  /** SHA-256 of the source's URL, in hex. */
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
  const source = await sourceDigest(sourceUrl)
  return {
    source,
    variant: `${sizeName(size)}-${format}-${stepsName(format, quality)}-${network}-${limits}-v${PIPELINE_VERSION}`,
    tags: [sourceTag(source), ...new Set(models.map(({ name }) => modelTag(name)))],
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

/** Returns the SHA-256 of a source's URL, which identifies the source in keys. */
export function sourceDigest(sourceUrl: string): Promise<string> {
  return sha256(new TextEncoder().encode(sourceUrl))
}

/**
 * Returns the ETag of a result. The ETag is strong, because the same source bytes and `variant` (resultVariant) always
 * give the same result bytes.
 */
export async function etagOf(digest: string, variant: string): Promise<string> {
  const hash = await sha256(new TextEncoder().encode(`${digest}/${variant}`))
  return `"${hash.slice(0, 32)}"`
}

/** Returns the tag of everything that is stored for a source. `source` is the digest of its URL. */
export const sourceTag = (source: string) => `edge-srcnn-source-${source.slice(0, 32)}`
/** Returns the tag of everything that was made with a model's weights. */
export const modelTag = (name: string) => `edge-srcnn-model-${name}`

/** Returns true if the variant of a key or of a result contains the model `name`. */
export function isVariantOf(variant: string, name: string): boolean {
  const weights = variant.replace(/^[xwh\d]+(-\d+x\d+)?-[a-z]+-(q\d+|lossless)-/, '')
  return weights.startsWith(`${name}@`) || weights.includes(`_${name}@`)
}
