// Gets the result of a picture: from this worker if the picture has a URL, else from the browser itself.
import { type AskedSize, describeAsked } from '../client/xSr.ts'
import type { Facts } from './facts.ts'
import { cacheText, reasonText } from './facts.ts'
import { type Jobs, LeftAsItWas } from './job.ts'
import type { EnlargeOrder, Step, PageWish } from './messages.ts'
import { fetchServed, type ServedPicture } from './servedPicture.ts'
import { urlOf } from './pageWish.ts'

export interface ShownResult {
  readonly before: Blob
  readonly after: Blob
  readonly facts: Omit<Facts, 'before' | 'after'>
  /** Why `after` is the original picture; undefined if `after` is enlarged. */
  readonly reason?: string
  /** In a quality test, the picture that a perfect result would equal. */
  readonly truth?: Blob
  /**
   * In a quality test, the bicubic result. Otherwise undefined: page.ts then requests the bicubic result when the
   * visitor chooses it for the left half.
   */
  readonly bicubic?: Blob
}

/** Fetches the result for the picture at `path` from the worker. Rejects if fetchServed() does. */
export async function resultByWorker(
  path: string,
  original: Promise<ServedPicture>,
  wish: PageWish,
  signal: AbortSignal,
): Promise<ShownResult> {
  const [before, served] = await Promise.all([original, fetchServed(urlOf(path, wish), signal)])
  const { file, ms, model, engine, asked, reason, cache } = served
  return {
    before: before.file,
    after: file,
    reason: reason && reasonText(reason),
    facts: {
      how: model
        ? howText(model, engine, asked)
        : `left as it was: ${reason ? reasonText(reason) : 'the worker does not say why'}`,
      where: 'by this worker',
      ms,
      cache: cacheText(cache),
    },
  }
}

/**
 * Makes the result in this browser. If the picture cannot be enlarged, the result is the original. Rejects on any other
 * failure.
 */
export async function resultHere(
  order: EnlargeOrder,
  jobs: Jobs,
  signal: AbortSignal,
  onProgress: (step: Step, share: number) => void,
): Promise<ShownResult> {
  const where = 'in this browser; nothing was sent'
  try {
    const made = await jobs.run(order, signal, onProgress)
    const { measured, model, engine, asked, elsewhere, ms } = made
    const notes = [made.isDecodedByBrowser ? 'decoded by the browser' : undefined, elsewhere && `a worker ${elsewhere}`]
    return {
      before: made.before.file,
      after: made.after.file,
      truth: measured?.truthFile,
      bicubic: measured?.bicubicFile,
      facts: {
        how: howText(model, engine, asked),
        where: [where, ...notes.filter(Boolean)].join('; '),
        ms,
        bicubic: measured?.bicubic,
        network: measured?.network,
      },
    }
  } catch (error) {
    if (!(error instanceof LeftAsItWas)) throw error
    const { message } = error
    return {
      before: order.file,
      after: order.file,
      reason: message,
      facts: { how: `left as it was: ${message}`, where },
    }
  }
}

function howText(model: string, engine: string | undefined, asked: AskedSize | undefined): string {
  const most = asked && `the largest that is possible; ${describeAsked(asked)} was asked for`
  return [model, engine, most].filter(Boolean).join(', ')
}
