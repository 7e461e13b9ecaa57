// A thread of preparer.ts: receives jobs and sends their examples back without copying.
import { parentPort, workerData } from 'node:worker_threads'
import { createCodec } from '../../worker/codec/codec.ts'
import { loadCodecModules } from '../../worker/platform/nodeFiles.ts'
import { type Example, prepareExamples } from './examples.ts'
import type { PrepareJob, PictureOrigin, PrepareResult } from './preparer.ts'
import { proceduralPicture } from '../procedural/picture.ts'
import { readPicture, type TestPictures } from './testPictures.ts'

// The thread listens before anything is awaited, because some runtimes drop messages that nobody listens for.
const loading = loadCodecModules().then((modules) => createCodec(modules))

parentPort!.on('message', async ({ origin, preparation, seed }: PrepareJob) => {
  const outcome = await outcomeOf(async () => prepareExamples(await read(origin), preparation, seed, await loading))
  const examples = 'examples' in outcome ? outcome.examples : []
  const planes = examples.flatMap(({ versions }) => versions.map(({ data }) => data))
  const arrays = [...examples.map(({ truth }) => truth), ...planes]
  parentPort!.postMessage(
    outcome,
    arrays.map(({ buffer }) => buffer as ArrayBuffer),
  )
})

async function read(origin: PictureOrigin) {
  if ('index' in origin) return proceduralPicture(origin.seed, origin.index)
  return (await readPicture(await loading, origin.file, workerData as TestPictures)).rgba
}

async function outcomeOf(work: () => Promise<Example[]>): Promise<PrepareResult> {
  try {
    return { examples: await work() }
  } catch (error) {
    const { message, cause } = error as Error
    return { failure: cause instanceof Error ? `${message}: ${cause.message}` : message }
  }
}
