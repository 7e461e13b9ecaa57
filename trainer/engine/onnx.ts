// Trains on ONNX Runtime. On a CPU a batch is split among worker threads with one session each. This is faster than the
// runtime's own threads, and the calling thread stays free to cut the next batch. A GPU computes the batch as a whole.
import { availableParallelism } from 'node:os'
import { countParameters } from './parameters.ts'
import type { EngineOptions, Task, GradientEngine } from './gradientEngine.ts'
import { createGradientSession, type ExecutionProvider } from './gradientSession.ts'
import type { OnnxRuntime } from './onnxRuntime.ts'
import { combineShards, createSharedStep, shardOf, takeShards } from './shards.ts'
import { startThreads } from './threads.ts'

/**
 * Creates an engine on the runtime's CPU provider, which is WASM or native code. The result has the same bits for any
 * number of worker threads.
 */
export async function createOnnxEngine(
  task: Task,
  { name, api, executionProvider, version }: OnnxRuntime,
  { workers: most = availableParallelism() }: EngineOptions = {},
): Promise<GradientEngine> {
  const shard = { ...task, batch: shardOf(task.batch) }
  const count = Math.min(most, task.batch / shard.batch)
  const shared = createSharedStep(task)
  const { step, dispose } =
    count > 1
      ? await startThreads(count, { task: shard, runtime: name, shared })
      : await createGradientSession(shard, api, executionProvider).then((session) => ({
          step: () => takeShards(shared, session.run),
          dispose: session.dispose,
        }))
  const gradients = new Float32Array(countParameters(task.network))
  return {
    description: `${version}, ${executionProvider}, ${count === 1 ? 'no workers' : `${count} workers`}`,
    async lossAndGradients(parameters, batch) {
      shared.parameters.set(parameters)
      shared.batch.inputs.set(batch.inputs)
      shared.batch.targets.set(batch.targets)
      shared.next[0] = 0
      await step()
      return { loss: combineShards(shared, gradients), gradients }
    },
    dispose,
  }
}

/** Creates an engine on a GPU provider, which computes the batch as a whole. */
export async function createOnnxGpuEngine(
  task: Task,
  { api, version }: OnnxRuntime,
  executionProvider: Extract<ExecutionProvider, 'cuda' | 'webgpu'>,
): Promise<GradientEngine> {
  const session = await createGradientSession(task, api, executionProvider)
  const gradients = new Float32Array(countParameters(task.network))
  return {
    description: `${version}, ${executionProvider}`,
    async lossAndGradients(parameters, batch) {
      return { loss: await session.run(parameters, batch, gradients), gradients }
    },
    dispose: session.dispose,
  }
}
