// A thread of workers.ts: a session of its own, and shards from memory that all threads share.
import { parentPort, workerData } from 'node:worker_threads'
import { createGradientSession } from './gradientSession.ts'
import { loadRuntime } from './runtime.ts'
import { takeShards } from './shards.ts'
import type { Answer, Order, WorkerStart } from './workers.ts'

const { task, runtime, shared } = workerData as WorkerStart
const port = parentPort!
const answer = (message: Answer) => port.postMessage(message)

const { api, executionProvider } = await loadRuntime(runtime)
const session = await createGradientSession(task, api, executionProvider)

port.on('message', (order: Order) => {
  // The session is released before the thread ends: native code outlives the thread otherwise.
  if (order === 'end') void session.dispose().finally(() => port.close())
  else
    void takeShards(shared, session.run).then(
      () => answer('done'),
      (error: Error) => answer({ error }),
    )
})
answer('ready')
