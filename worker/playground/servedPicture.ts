// Fetches a picture from the worker, and reads its X-SR and Cache-Status.
import { type AskedSize, parseXSr } from '../client/xSr.ts'

export interface ServedPicture {
  readonly file: Blob
  /** Time in ms from the request to the last byte. */
  readonly ms: number
  /** The model, like `fast@a7c275b7`; undefined if the answer is the original picture. */
  readonly model: string | undefined
  readonly engine: string | undefined
  /** What was asked for, if the result is smaller, because it is the largest that is possible. */
  readonly asked: AskedSize | undefined
  /** A key of SKIP_REASONS if the answer is the original picture; undefined if it is enlarged. */
  readonly reason: string | undefined
  /** Value of Cache-Status without the cache's name, like `hit; detail=edge`. */
  readonly cache: string | undefined
}

/** The header Accept that browsers send for an <img>. It decides what `sr-format=auto` means. */
const ACCEPT = 'image/avif,image/webp,image/*,*/*;q=0.8'

/** Fetches the picture at `url`. Rejects with an Error that has the worker's message. */
export async function fetchServed(url: string, signal: AbortSignal): Promise<ServedPicture> {
  const start = performance.now()
  // The browser revalidates the picture each time, so that Cache-Status is the worker's current value and not an old
  // one from the browser's cache.
  const response = await fetch(url, { signal, cache: 'no-cache', headers: { accept: ACCEPT } })
  if (!response.ok) throw new Error(await complaintOf(response))
  const file = await response.blob()
  const ms = performance.now() - start
  const xSr = parseXSr(response.headers.get('x-sr'))
  const { model, engine, asked } = xSr?.outcome === 'done' ? xSr : {}
  return {
    file,
    ms,
    model,
    engine,
    asked,
    reason: xSr?.outcome === 'skipped' ? xSr.reason : undefined,
    cache: response.headers.get('cache-status')?.replace(/^edge-srcnn; /, ''),
  }
}

async function complaintOf(response: Response): Promise<string> {
  const text = await response.text()
  try {
    return (JSON.parse(text) as { error: { message: string } }).error.message
  } catch {
    return response.status === 404
      ? 'there is no picture at this path'
      : `the answer was ${response.status} ${response.statusText}`
  }
}
