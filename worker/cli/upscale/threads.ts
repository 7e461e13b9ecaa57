// Worker threads that make pictures, each with its own codecs and kernels: a crash or damaged memory in one does not
// affect the others, and the main thread stays free to handle Ctrl-C.
// oxlint-disable unicorn/require-post-message-target-origin -- threads have no origin
import { Worker } from 'node:worker_threads'
import { Skip } from '../../picture/skip.ts'
import type { MakerReply, ThreadData } from './threadScript.ts'

export interface Thread {
  /**
   * Makes a picture; one at a time. The buffer of `bytes` is transferred and empty afterwards. Throws a Skip on failure.
   */
  make(bytes: Uint8Array): Promise<Uint8Array>
  /** Ends the thread; a picture in work fails. */
  close(): Promise<void>
}

/** Creates a thread that starts at its first picture, and again at the next picture after a crash. */
export function createThread(data: ThreadData): Thread {
  let worker: Worker | undefined
  let isClosed = false
  let settle: ((answer: MakerReply | { readonly death: unknown }) => void) | undefined
  const start = () => {
    const started = startWorker(data)
    const die = (death: unknown) => {
      if (worker !== started) return // a crash emits 'error' and then 'exit': only the first counts
      worker = undefined
      settle?.({ death })
    }
    started.on('message', (answer: MakerReply) => settle?.(answer))
    started.on('error', die)
    started.on('exit', (code) => die(`its thread ended with code ${code}`))
    return started
  }
  return {
    async make(bytes) {
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

/** Starts the script. In this repository it is TypeScript and needs a loader, in the package it is JavaScript. */
function startWorker(workerData: ThreadData): Worker {
  if (!SCRIPT.pathname.endsWith('.ts')) return new Worker(SCRIPT, { workerData })
  return new Worker(new URL('../../terminal/thread.mjs', import.meta.url), { argv: [SCRIPT.href], workerData })
}
