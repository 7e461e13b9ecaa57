// The script of a thread that threads.ts starts. It receives the bytes of a file and replies with the bytes of the
// enlarged file, after messages about its progress.
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

/** A thread's reply: the bytes of the enlarged file, or why there is none. */
export type MakerReply = { readonly bytes: Uint8Array } | { readonly reason: SkipReason; readonly detail: string }

/** How much of a picture is made, 0..1. */
export interface MakerProgress {
  readonly share: number
}

const { engine, makerOptions } = workerData as ThreadData
// The thread listens before anything is awaited: Deno drops the messages that nobody listens for.
const loading = loadEngine(engine).then((platform) => createMaker(platform, makerOptions))

parentPort!.on('message', async (bytes: Uint8Array) => {
  const answer = await answerOf(bytes)
  parentPort!.postMessage(answer, 'bytes' in answer ? [answer.bytes.buffer as ArrayBuffer] : [])
})

async function answerOf(bytes: Uint8Array): Promise<MakerReply> {
  try {
    const maker = await loading
    const made = await maker.make(bytes, await maker.decide(bytes), createTeller())
    return { bytes: made.slice() } // a copy, whose buffer can be transferred
  } catch (error) {
    if (!(error instanceof Skip)) return { reason: 'INTERNAL', detail: describeError(error) }
    return { reason: error.reason, detail: error.cause ? describeError(error.cause) : '' }
  }
}

/** Least difference between two shares that are told. */
const STEP = 0.01

function createTeller(): (share: number) => void {
  let told = 0
  return (share) => {
    if (share < told + STEP) return
    told = share
    parentPort!.postMessage({ share } satisfies MakerProgress)
  }
}
