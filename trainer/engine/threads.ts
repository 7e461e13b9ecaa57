// Starts the worker threads that compute a step together, and ends them.
import { Worker } from 'node:worker_threads'
import type { Task } from './gradientEngine.ts'
import type { OnnxRuntimeName } from './onnxRuntime.ts'
import type { SharedStep } from './shards.ts'

export interface ThreadStart {
  /** The task of one shard: `batch` is the number of patches in a shard. */
  readonly task: Task
  readonly runtime: OnnxRuntimeName
  readonly shared: SharedStep
}

export type ThreadOrder = 'step' | 'end'
export type ThreadReply = 'ready' | 'done' | { readonly error: Error }

export interface Threads {
  /** Computes all shards of the shared step. Rejects with the first error, after all threads have stopped. */
  step(): Promise<void>
  dispose(): Promise<void>
}

const START = new URL('../../worker/terminal/thread.mjs', import.meta.url)
const ONNX_THREAD = new URL('./onnxThread.ts', import.meta.url)

/** Starts `count` threads. If a thread does not start, ends the others and throws that thread's error. */
export async function startThreads(count: number, start: ThreadStart): Promise<Threads> {
  const workers = Array.from({ length: count }, () => {
    return new Worker(START, { argv: [ONNX_THREAD.href], execArgv: [], workerData: start })
  })
  const send = async (order: ThreadOrder) => {
    const replies = workers.map(replyOf)
    for (const worker of workers) tell(worker, order)
    await allOf(replies)
  }
  const threads: Threads = {
    step: () => send('step'),
    async dispose() {
      const ends = workers.map((worker) => new Promise((resolve) => worker.once('exit', resolve)))
      for (const worker of workers) tell(worker, 'end')
      await Promise.all(ends)
    },
  }
  try {
    await allOf(workers.map(replyOf))
  } catch (error) {
    await Promise.all(workers.map((worker) => worker.terminate()))
    throw error
  }
  return threads
}

function tell(worker: Worker, order: ThreadOrder): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  worker.postMessage(order)
}

/** Waits for a thread's next message. Rejects if the message is an error, or if the thread ends without a message. */
function replyOf(worker: Worker): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: Error) => {
      worker.off('message', onMessage).off('error', settle).off('exit', onExit)
      if (error) reject(error)
      else resolve()
    }
    const onMessage = (reply: ThreadReply) => settle(typeof reply === 'string' ? undefined : reply.error)
    const onExit = (code: number) => settle(new Error(`a worker thread ended with code ${code}`))
    worker.on('message', onMessage).on('error', settle).on('exit', onExit)
  })
}

/**
 * Waits for all threads and only then throws the first error, so that no thread is still computing when the next step
 * begins.
 */
async function allOf(replies: readonly Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(replies)).find(({ status }) => status === 'rejected')
  if (failed) throw (failed as PromiseRejectedResult).reason
}
