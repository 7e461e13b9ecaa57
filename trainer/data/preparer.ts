// Starts threads that decode and degrade pictures, so that training does not wait for this work.
// oxlint-disable unicorn/require-post-message-target-origin -- threads have no origin
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { Example, Preparation } from './examples.ts'
import type { TestPictures } from './testPictures.ts'

/** Where a picture comes from: a file, or a seed and an index of the built-in set. */
export type PictureOrigin = { readonly file: string } | { readonly seed: number; readonly index: number }

export interface PrepareJob {
  readonly origin: PictureOrigin
  readonly preparation: Preparation
  /** Seed of all random numbers that the preparation draws. */
  readonly seed: number
}

/** A thread's reply: the examples, or the reason why the picture cannot be used. */
export type PrepareResult = { readonly examples: Example[] } | { readonly failure: string }

export interface Preparer {
  /** Prepares a picture in a thread. Waits for an idle thread if all `threads` are busy. Throws if the thread dies. */
  prepare(job: PrepareJob): Promise<PrepareResult>
  close(): Promise<void>
}

const THREAD = new URL('../../worker/terminal/thread.mjs', import.meta.url)
const PREPARER = new URL('preparerThread.ts', import.meta.url)

export function createPreparer(threads: number, tests: TestPictures): Preparer {
  const options = { argv: [PREPARER.href], workerData: tests }
  const all = Array.from({ length: threads }, () => new Worker(THREAD, options))
  for (const thread of all) thread.unref()
  const idle = [...all]
  const waiting: ((thread: Worker) => void)[] = []
  return {
    async prepare(job) {
      const thread = idle.pop() ?? (await new Promise<Worker>((resolve) => waiting.push(resolve)))
      thread.ref()
      try {
        thread.postMessage(job)
        const [outcome] = (await once(thread, 'message')) as [PrepareResult]
        return outcome
      } finally {
        thread.unref()
        const next = waiting.shift()
        if (next) next(thread)
        else idle.push(thread)
      }
    },
    async close() {
      await Promise.all(all.map((thread) => thread.terminate()))
    },
  }
}
