// Worker threads that make pictures. Each thread has its own codecs and kernels, so a crash or damaged memory in one
// does not affect the others. The main thread stays free to handle Ctrl-C.
// oxlint-disable unicorn/require-post-message-target-origin -- threads have no origin
import { Worker } from 'node:worker_threads'
import { Skip } from '../../picture/skip.ts'
import type { MakerProgress, MakerReply, ThreadData } from './threadScript.ts'

export interface Thread {
  /**
   * Makes a picture. Must not be called again before the picture is finished. The buffer of `bytes` is transferred, so
   * `bytes` is empty afterwards. `tell` gets the share of the picture that is made, 0..1. Throws a Skip on failure.
   */
  make(bytes: Uint8Array, tell: (share: number) => void): Promise<Uint8Array>
  /** Ends the thread. If the thread is making a picture, that picture fails. */
  close(): Promise<void>
}

/** Creates a thread. It starts when it gets its first picture. After a crash it starts again with the next picture. */
export function createThread(data: ThreadData): Thread {
  let worker: Worker | undefined
  let isClosed = false
  let settle: ((answer: MakerReply | { readonly death: unknown }) => void) | undefined
  let tellShare = (_share: number) => {}
  const start = () => {
    const started = startWorker(data)
    const die = (death: unknown) => {
      if (worker !== started) return // a crash emits 'error' and then 'exit': only the first counts
      worker = undefined
      settle?.({ death })
    }
    started.on('message', (answer: MakerReply | MakerProgress) => {
      if ('share' in answer) tellShare(answer.share)
      else settle?.(answer)
    })
    started.on('error', die)
    started.on('exit', (code) => die(`its thread ended with code ${code}`))
    return started
  }
  return {
    async make(bytes, tell) {
      tellShare = tell
      if (isClosed) throw new Skip('INTERNAL', { cause: 'its thread is closed' })
      worker ??= start()
      worker.postMessage(bytes, [bytes.buffer as ArrayBuffer])
      const answer = await new Promise<Parameters<NonNullable<typeof settle>>[0]>((resolve) => {
        settle = resolve
      })
      settle = undefined
      if ('bytes' in answer) return answer.bytes
      if ('death' in answer) throw new Skip('INTERNAL', { cause: answer.death })
      throw new Skip(answer.reason, { cause: answer.detail })
    },
    async close() {
      isClosed = true
      await worker?.terminate()
    },
  }
}

const SCRIPT = new URL('./threadScript.ts', import.meta.url)

/** Starts the script, which is JavaScript in the package. In this repository it is TypeScript and needs a loader. */
function startWorker(workerData: ThreadData): Worker {
  if (!SCRIPT.pathname.endsWith('.ts')) return new Worker(SCRIPT, { workerData })
  return new Worker(new URL('../../terminal/thread.mjs', import.meta.url), { argv: [SCRIPT.href], workerData })
}
