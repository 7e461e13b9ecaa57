// A thread for each picture at a time, with codecs and kernels of its own: what one does to its memory, or dies of,
// is nothing to the others, and this one goes on hearing Ctrl-C.
// oxlint-disable unicorn/require-post-message-target-origin -- threads have no origin
import { Worker } from 'node:worker_threads'
import { Skip } from '../../picture/skip.ts'
import type { ThreadReply, ThreadData } from './threadScript.ts'

export interface Thread {
  /** One at a time. Takes the bytes' memory. Throws a Skip for whatever fails. */
  make(bytes: Uint8Array): Promise<Uint8Array>
  /** Whatever it was doing fails. */
  close(): Promise<void>
}

/** Starts at the first picture; again at the next one, where it died. */
export function createThread(data: ThreadData): Thread {
  let worker: Worker | undefined
  let isClosed = false
  let settle: ((answer: ThreadReply | { readonly death: unknown }) => void) | undefined
  const start = () => {
    const started = startWorker(data)
    const die = (death: unknown) => {
      if (worker !== started) return // an error comes before the exit
      worker = undefined
      settle?.({ death })
    }
    started.on('message', (answer: ThreadReply) => settle?.(answer))
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

/** As TypeScript it needs a loader, which threads do not inherit; in the package it is JavaScript. */
function startWorker(workerData: ThreadData): Worker {
  if (!SCRIPT.pathname.endsWith('.ts')) return new Worker(SCRIPT, { workerData })
  return new Worker(new URL('../../terminal/thread.mjs', import.meta.url), { argv: [SCRIPT.href], workerData })
}
