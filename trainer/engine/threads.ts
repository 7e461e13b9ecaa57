// The worker threads of the data-parallel engine: they start, compute a step together, and end.
import { Worker } from 'node:worker_threads'
import type { Task } from './gradientEngine.ts'
import type { OnnxRuntimeName } from './onnxRuntime.ts'
import type { SharedStep } from './shards.ts'

export interface ThreadStart {
  /** Its batch is one shard. */
  readonly task: Task
  readonly runtime: OnnxRuntimeName
  readonly shared: SharedStep
}

export type ThreadOrder = 'step' | 'end'
export type ThreadReply = 'ready' | 'done' | { readonly error: Error }

export interface Threads {
  /** Computes all shards of the shared step. Rejects with the first thread's error, after all have stopped. */
  step(): Promise<void>
  dispose(): Promise<void>
}

const START = new URL('../../worker/terminal/thread.mjs', import.meta.url)
const ONNX_THREAD = new URL('./onnxThread.ts', import.meta.url)

/** Throws where a thread does not start, after ending the others. */
export async function startThreads(count: number, start: ThreadStart): Promise<Threads> {
  const workers = Array.from({ length: count }, () => {
    return new Worker(START, { argv: [ONNX_THREAD.href], execArgv: [], workerData: start })
  })
  const send = async (order: ThreadOrder) => {
    const answers = workers.map(answerOf)
    for (const worker of workers) tell(worker, order)
    await all(answers)
  }
  const workersOf: Threads = {
    step: () => send('step'),
    async dispose() {
      const ends = workers.map((worker) => new Promise((resolve) => worker.once('exit', resolve)))
      for (const worker of workers) tell(worker, 'end')
      await Promise.all(ends)
    },
  }
  try {
    await all(workers.map(answerOf))
  } catch (error) {
    await Promise.all(workers.map((worker) => worker.terminate()))
    throw error
  }
  return workersOf
}

function tell(worker: Worker, order: ThreadOrder): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  worker.postMessage(order)
}

/** The next message of a thread; rejects if it is an error, or if the thread ends instead. */
function answerOf(worker: Worker): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: Error) => {
      worker.off('message', onMessage).off('error', settle).off('exit', onExit)
      if (error) reject(error)
      else resolve()
    }
    const onMessage = (answer: ThreadReply) => settle(typeof answer === 'string' ? undefined : answer.error)
    const onExit = (code: number) => settle(new Error(`a worker thread ended with code ${code}`))
    worker.on('message', onMessage).on('error', settle).on('exit', onExit)
  })
}

/** Waits for all, then throws the first error: nobody may still compute when the next step begins. */
async function all(answers: readonly Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(answers)).find(({ status }) => status === 'rejected')
  if (failed) throw (failed as PromiseRejectedResult).reason
}
