// Compares a wish with the operator's lists of models and qualities. Every worker once accepted a dozen qualities, so live
// pages and signed URLs contain them. For one major version they stand for the nearest one of the list instead of being
// refused: two addresses then share a result, and a stranger cannot have the same picture made in a dozen qualities.
import { quoted, SrError } from '../base/errors.ts'
import { nearestQuality } from '../client/allowed.ts'
import type { Settings } from '../options.ts'
import type { Wish } from '../picture/wish.ts'

/** Returns the wish that is granted. Throws an SrError (400) for a model that the operator's list lacks. */
export function listedWish(wish: Wish, { qualities, modelNames }: Pick<Settings, 'qualities' | 'modelNames'>): Wish {
  const { model } = wish
  if (modelNames && model !== 'auto' && !modelNames.includes(model)) {
    const names = new Set(['auto', ...modelNames])
    throw new SrError('MODEL_UNKNOWN', `sr-model must be one of ${[...names].join(', ')}, got ${quoted(model)}`)
  }
  const quality = nearestQuality(wish.quality, qualities)
  if (quality !== wish.quality) warnOnce(wish.quality, quality)
  return { ...wish, quality }
}

/** The qualities that the log has named since the isolate started. */
const named = new Set<number>()

function warnOnce(asked: number, granted: number): void {
  if (named.has(asked)) return
  named.add(asked)
  console.warn(
    `deprecated: sr-quality=${asked} is not in the option qualities, so sr-quality=${granted} is served. ` +
      'The next major version refuses it.',
  )
}
