// A worker thread of threads.ts. It has its own session and takes shards from memory that all threads share.
import { parentPort, workerData } from 'node:worker_threads'
import { createGradientSession } from './gradientSession.ts'
import { loadOnnxRuntime } from './onnxRuntime.ts'
import { takeShards } from './shards.ts'
import type { ThreadReply, ThreadOrder, ThreadStart } from './threads.ts'

const { task, runtime, shared } = workerData as ThreadStart
const port = parentPort!
const reply = (message: ThreadReply) => port.postMessage(message)

const { api, executionProvider } = await loadOnnxRuntime(runtime)
const session = await createGradientSession(task, api, executionProvider)

port.on('message', (order: ThreadOrder) => {
  // The session is released before the thread ends, because its native memory would outlive the thread.
  if (order === 'end') void session.dispose().finally(() => port.close())
  else
    void takeShards(shared, session.run).then(
      () => reply('done'),
      (error: Error) => reply({ error }),
    )
})
reply('ready')
