// Reads a file of the web into memory. Its size and the time are limited, because a URL may lead anywhere.
import { discard } from '../base/discard.ts'
import { readAtMost } from './bounded.ts'
import { follow } from './follow.ts'

export interface DownloadOptions {
  readonly userAgent: string
  /** A longer file is an error. */
  readonly maxBytes: number
  /** Longest time in ms until the whole file is there. */
  readonly timeoutMs: number
  /** Cancels the download. */
  readonly signal?: AbortSignal | undefined
}

/** True for an absolute URL of http or https. */
export function isHttp(url: string): boolean {
  return /^\s*https?:/i.test(url) && URL.canParse(url)
}

/** Returns the body of a 200 answer. Throws an Error that names the URL otherwise. */
export async function download(url: string, options: DownloadOptions): Promise<Uint8Array> {
  const { userAgent, maxBytes, timeoutMs, signal } = options
  if (new URL(url).username !== '') throw new Error('expected a URL without a name and a password')
  const timeout = AbortSignal.timeout(timeoutMs)
  try {
    const response = await follow(url, {
      headers: { 'user-agent': userAgent },
      signal: signal ? AbortSignal.any([timeout, signal]) : timeout,
    }).catch((cause: unknown) => {
      throw timeout.aborted ? cause : new Error(`${url} does not answer as expected`, { cause })
    })
    if (!response.ok) {
      discard(response.body)
      throw new Error(`${url} answered ${response.status}`)
    }
    // A length that is stated is that of the encoded body, which the decoded one exceeds.
    if (Number(response.headers.get('content-length')) > maxBytes) {
      discard(response.body)
      throw new Error(`${url} has more than ${maxBytes} bytes`)
    }
    return await readAtMost(response.body, maxBytes, url)
  } catch (error) {
    if (!timeout.aborted) throw error
    throw new Error(`${url} takes longer than ${timeoutMs / 1000} s`, { cause: error })
  }
}
