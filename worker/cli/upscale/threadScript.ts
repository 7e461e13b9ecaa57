// The script of a thread that threads.ts starts: it receives the bytes of a file and replies with larger bytes.
// oxlint-disable unicorn/require-post-message-target-origin -- threads have no origin
import { parentPort, workerData } from 'node:worker_threads'
import { Skip, type SkipReason } from '../../picture/skip.ts'
import { describeError } from '../../terminal/arguments.ts'
import { type EngineName, loadEngine } from '../engines.ts'
import { createMaker, type MakerOptions } from './maker.ts'

export interface ThreadData {
  readonly engine: EngineName
  readonly makerOptions: MakerOptions
}

/** A thread's reply: the bytes it made, or why it failed. */
export type MakerReply = { readonly bytes: Uint8Array } | { readonly reason: SkipReason; readonly detail: string }

const { engine, makerOptions } = workerData as ThreadData
const maker = await createMaker(await loadEngine(engine), makerOptions)

parentPort!.on('message', async (bytes: Uint8Array) => {
  const answer = await answerOf(bytes)
  parentPort!.postMessage(answer, 'bytes' in answer ? [answer.bytes.buffer as ArrayBuffer] : [])
})

async function answerOf(bytes: Uint8Array): Promise<MakerReply> {
  try {
    const made = await maker.make(bytes, await maker.decide(bytes))
    return { bytes: made.slice() } // a copy in a buffer of its own, which can be transferred
  } catch (error) {
    if (!(error instanceof Skip)) return { reason: 'INTERNAL', detail: describeError(error) }
    return { reason: error.reason, detail: error.cause ? describeError(error.cause) : '' }
  }
}
