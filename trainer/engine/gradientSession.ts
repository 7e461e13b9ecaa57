// Runs the graph of graph.ts in one ONNX Runtime session, on one CPU thread or on a GPU.
import type { Tensor } from 'onnxruntime-web'
import type { OrtRuntime } from '../../worker/engine/ort.ts'
import { encodeOnnx } from '../../worker/model/onnx.ts'
import { viewParameters } from './parameters.ts'
import { type Batch, shapesOf, type Task } from './gradientEngine.ts'
import { buildGradientGraph } from './graph.ts'

export type ExecutionProvider = 'cpu' | 'wasm' | 'cuda' | 'webgpu'

export interface GradientSession {
  /** Returns the loss and fills `gradients`, in the layout of parameters.ts. */
  run(parameters: Float32Array, batch: Batch, gradients: Float32Array): Promise<number>
  dispose(): Promise<void>
}

/**
 * Creates a session for a task. Throws the runtime's error if the runtime lacks the provider, or if the provider finds
 * no device.
 */
export async function createGradientSession(
  task: Task,
  api: OrtRuntime,
  executionProvider: ExecutionProvider,
): Promise<GradientSession> {
  const { network } = task
  const file = encodeOnnx(buildGradientGraph(task))
  // One thread keeps the order of sums, so that a seed gives the same weights bit for bit.
  const session = await api.InferenceSession.create(file, {
    executionProviders: [executionProvider],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
  })
  const { layers } = network
  const shapes = shapesOf(task)
  const tensor = (data: Float32Array, dims: readonly number[]) => new api.Tensor('float32', data, dims)

  return {
    async run(parameters, examples, gradients) {
      const feeds: Record<string, Tensor> = {
        x: tensor(examples.inputs, shapes.inputs),
        t: tensor(examples.targets, shapes.targets),
      }
      viewParameters(network, parameters).forEach(({ weights, bias }, i) => {
        const { kernel, inputs, outputs } = layers[i]
        feeds[`w${i + 1}`] = tensor(weights, [outputs, inputs, kernel, kernel])
        feeds[`b${i + 1}`] = tensor(bias, [outputs])
      })
      const results = await session.run(feeds)
      viewParameters(network, gradients).forEach(({ weights, bias }, i) => {
        weights.set(results[`dw${i + 1}`].data as Float32Array)
        bias.set(results[`db${i + 1}`].data as Float32Array)
      })
      const loss = (results.loss.data as Float32Array)[0]
      for (const result of Object.values(results)) result.dispose()
      return loss
    },
    dispose: () => session.release(),
  }
}
