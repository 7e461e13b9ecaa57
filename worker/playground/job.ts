// Enlarges pictures in a Web Worker, one at a time. Compiled codecs cannot be interrupted, so a job is cancelled by
// ending its Web Worker. An idle Web Worker is kept, because it holds everything that it has fetched.
import type { EnlargeResult, EnlargeOrder, EnlargeReport, Step } from './messages.ts'

/** Thrown if the picture was not enlarged. The message tells the visitor why. */
export class LeftAsItWas extends Error {}

export interface Jobs {
  /**
   * Makes a result. Rejects with LeftAsItWas if the picture is not enlarged, with `signal.reason` if the signal is
   * aborted, else with an Error that says what failed.
   */
  run(order: EnlargeOrder, signal: AbortSignal, onProgress: (step: Step, share: number) => void): Promise<EnlargeResult>
}

/** Creates the jobs of a page. `script` is the URL of the Web Worker's script. */
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
