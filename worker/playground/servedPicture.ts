// A picture as the worker serves it, and what it says about it in X-SR and Cache-Status.
import { parseXSr } from '../client/xSr.ts'

export interface ServedPicture {
  readonly file: Blob
  /** From the request to the last byte. */
  readonly ms: number
  /** `fast@a7c275b7`; undefined where the picture came back as it was. */
  readonly model: string | undefined
  readonly engine: string | undefined
  /** A key of SKIP_REASONS if the answer is the original picture. */
  readonly reason: string | undefined
  /** As Cache-Status has it, without our name: `hit; detail=edge`. */
  readonly cache: string | undefined
}

/** What an <img> of this browser accepts: `sr-format=auto` goes by it. */
const ACCEPT = 'image/avif,image/webp,image/*,*/*;q=0.8'

/** Rejects with an Error that says what the worker said. */
export async function fetchServed(url: string, signal: AbortSignal): Promise<ServedPicture> {
  const start = performance.now()
  // Asked again each time, so that what is said of caches is the worker's and not this browser's.
  const response = await fetch(url, { signal, cache: 'no-cache', headers: { accept: ACCEPT } })
  if (!response.ok) throw new Error(await complaintOf(response))
  const file = await response.blob()
  const ms = performance.now() - start
  const xSr = parseXSr(response.headers.get('x-sr'))
  const { model, engine } = xSr?.outcome === 'done' ? xSr : {}
  return {
    file,
    ms,
    model,
    engine,
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
