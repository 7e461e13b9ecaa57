// Pictures made off the main thread: one at a time, in a Web Worker that is ended where something else is wanted
// meanwhile, for compiled codecs cannot be interrupted. One that is idle stays, with all that it has fetched.
import type { EnlargeResult, EnlargeOrder, EnlargeReport, Step } from './messages.ts'

/** The picture is left as it was, for a reason that can be said. */
export class LeftAsItWas extends Error {}

export interface Jobs {
  /** Rejects with LeftAsItWas, with an Error that says what failed, or with an AbortError. */
  run(order: EnlargeOrder, signal: AbortSignal, onProgress: (step: Step, share: number) => void): Promise<EnlargeResult>
}

export function createJobs(script: URL): Jobs {
  let idle: Worker | undefined
  const start = () => new Worker(script, { type: 'module' })

  return {
    run(order, signal, onProgress) {
      signal.throwIfAborted()
      const worker = idle ?? start()
      idle = undefined
      return new Promise((resolve, reject) => {
        const settle = (isUsable: boolean) => {
          signal.removeEventListener('abort', cancel)
          worker.removeEventListener('message', listen)
          worker.removeEventListener('error', fail)
          if (isUsable && !idle) idle = worker
          else worker.terminate()
        }
        const cancel = () => {
          settle(false)
          reject(signal.reason as Error)
        }
        const fail = () => {
          settle(false)
          reject(new Error('the script that makes pictures did not start'))
        }
        const listen = ({ data }: MessageEvent<EnlargeReport>) => {
          if (data.kind === 'progress') {
            onProgress(data.step, data.share)
            return
          }
          settle(true)
          if (data.kind === 'made') resolve(data.made)
          else if (data.kind === 'skipped') reject(new LeftAsItWas(data.message))
          else reject(new Error(data.message))
        }
        signal.addEventListener('abort', cancel)
        worker.addEventListener('message', listen)
        worker.addEventListener('error', fail)
        // oxlint-disable-next-line unicorn/require-post-message-target-origin -- to a Worker, not to a window
        worker.postMessage(order)
      })
    },
  }
}
