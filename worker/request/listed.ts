// Replaces values of `sr-quality` and `sr-model` that the operator's lists lack. Every worker accepted them once, so live
// pages and signed URLs contain them. For one major version they stand for the nearest value of the list instead of being
// refused: two addresses then share a result, and a stranger cannot have the same picture made in a dozen qualities.
import { quoted, SrError } from '../base/errors.ts'
import { nearestQuality } from '../client/allowed.ts'
import type { Settings } from '../options.ts'
import { JPEG_SUFFIX, type Models } from '../picture/models.ts'
import type { Wish } from '../picture/wish.ts'

/** Returns the wish that is granted. Throws an SrError (400) for a model that the operator's list lacks. */
export async function listedWish(
  wish: Wish,
  { settings, models }: { readonly settings: Settings; readonly models: Models },
): Promise<Wish> {
  const quality = nearestQuality(wish.quality, settings.qualities)
  const model = await listedModel(wish.model, settings, models)
  if (quality !== wish.quality) warnOnce('sr-quality', wish.quality, quality, 'qualities')
  if (model !== wish.model) warnOnce('sr-model', wish.model, model, 'modelNames')
  return { ...wish, quality, model }
}

async function listedModel(asked: string, { model, modelNames }: Settings, models: Models): Promise<string> {
  if (asked === 'auto') return asked
  if (modelNames) {
    if (modelNames.includes(asked)) return asked
    const names = new Set(['auto', ...modelNames])
    throw new SrError('MODEL_UNKNOWN', `sr-model must be one of ${[...names].join(', ')}, got ${quoted(asked)}`)
  }
  // The picture chooses the package's weights for JPEGs. In a bucket, the operator may have put weights of any name.
  if (!asked.endsWith(JPEG_SUFFIX) || asked === model) return asked
  const all = await models.list()
  const base = asked.slice(0, -JPEG_SUFFIX.length)
  const isPackages =
    all.some(({ name }) => name === asked) && !all.some((one) => one.name === asked && one.from === 'bucket')
  if (!isPackages || !all.some(({ name }) => name === base)) return asked
  return base === model ? 'auto' : base
}

/** The values that the log has named since the isolate started. Their number is that of the qualities and models. */
const named = new Set<string>()

function warnOnce(param: string, asked: string | number, granted: string | number, option: string): void {
  const value = `${param}=${asked}`
  if (named.has(value)) return
  named.add(value)
  console.warn(
    `deprecated: ${value} is not in the option ${option}, so ${param}=${granted} is served. The next major version refuses it.`,
  )
}
