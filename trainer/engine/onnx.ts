// The training engine that every installation has: the generated graph of graph.ts in an ONNX
// runtime, weights as inputs.
import type { Tensor } from 'onnxruntime-web'
import { encodeOnnx } from '../../worker/model/onnx.ts'
import { haloOf } from '../../worker/model/network.ts'
import { countParameters, viewParameters } from '../parameters.ts'
import type { Task, TrainEngine } from './engine.ts'
import { buildGradientGraph } from './graph.ts'
import type { Runtime } from './runtime.ts'

export async function createOnnxEngine(
  { network, batch, patch }: Task,
  { api, executionProvider, description }: Runtime,
): Promise<TrainEngine> {
  const file = encodeOnnx(buildGradientGraph(network, batch, patch))
  // One thread: sums keep their order, so a seed gives the same weights bit for bit.
  const session = await api.InferenceSession.create(file, {
    executionProviders: [executionProvider],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
  })
  const { layers } = network
  const channels = layers[0].inputs
  const target = patch - 2 * haloOf(network)
  const gradients = new Float32Array(countParameters(network))
  const slots = viewParameters(network, gradients)
  const tensor = (data: Float32Array, dims: readonly number[]) =>
    new api.Tensor('float32', data, dims)

  return {
    description,
    async lossAndGradients(parameters, examples) {
      const feeds: Record<string, Tensor> = {
        x: tensor(examples.inputs, [batch, channels, patch, patch]),
        t: tensor(examples.targets, [batch, channels, target, target]),
      }
      viewParameters(network, parameters).forEach(({ weights, bias }, i) => {
        const { kernel, inputs, outputs } = layers[i]
        feeds[`w${i + 1}`] = tensor(weights, [outputs, inputs, kernel, kernel])
        feeds[`b${i + 1}`] = tensor(bias, [outputs])
      })
      const results = await session.run(feeds)
      slots.forEach(({ weights, bias }, i) => {
        weights.set(results[`dw${i + 1}`].data as Float32Array)
        bias.set(results[`db${i + 1}`].data as Float32Array)
      })
      const loss = (results.loss.data as Float32Array)[0]
      for (const result of Object.values(results)) result.dispose()
      return { loss, gradients }
    },
    dispose: () => session.release(),
  }
}
