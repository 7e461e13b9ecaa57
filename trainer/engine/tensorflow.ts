// Training on TensorFlow.js: the forward pass as its operations, the backward pass by its own
// automatic differentiation. On the CPU in plain JavaScript it is the oracle of the tests.
//
// TensorFlow.js convolves [N, y, x, channels] with [k, k, inputs, outputs]. Pictures and filters
// are transposed on the way in; what is differentiated begins before that, so the gradients come
// out in the layout of parameters.ts.
import type { Scalar, Tensor, Tensor4D } from '@tensorflow/tfjs-core'
import type * as TensorFlow from '@tensorflow/tfjs-core'
import { haloOf } from '../../worker/model/network.ts'
import { countParameters, viewParameters } from '../parameters.ts'
import type { Task, TrainEngine } from './engine.ts'

export interface TensorFlowRuntime {
  readonly tf: typeof TensorFlow
  /** As TensorFlow.js names it. */
  readonly backend: 'cpu' | 'tensorflow' | 'webgpu'
  /** `@tensorflow/tfjs-node 4.22.0` */
  readonly version: string
}

export async function createTensorFlowEngine(
  { network, batch, patch }: Task,
  { tf, backend, version }: TensorFlowRuntime,
): Promise<TrainEngine> {
  const { layers } = network
  const channels = layers[0].inputs
  const target = patch - 2 * haloOf(network)
  const gradients = new Float32Array(countParameters(network))
  const slots = viewParameters(network, gradients).flatMap(({ weights, bias }) => [weights, bias])

  const pictures = (data: Float32Array, side: number): Tensor4D =>
    tf.transpose(tf.tensor4d(data, [batch, channels, side, side]), [0, 2, 3, 1])

  /** w1, b1, w2, b2, ... as tensors of the shapes in network.ts. */
  const tensorsOf = (parameters: Float32Array): Tensor[] =>
    viewParameters(network, parameters).flatMap(({ weights, bias }, i) => {
      const { kernel, inputs, outputs } = layers[i]
      return [tf.tensor4d(weights, [outputs, inputs, kernel, kernel]), tf.tensor1d(bias)]
    })

  const forward = (x: Tensor4D, tensors: readonly Tensor[]): Tensor4D =>
    layers.reduce((h, _, i) => {
      const filters = tf.transpose(tensors[2 * i] as Tensor4D, [2, 3, 1, 0])
      const z: Tensor4D = tf.add(tf.conv2d(h, filters, 1, 'valid'), tensors[2 * i + 1])
      return i < layers.length - 1 ? tf.relu(z) : z
    }, x)

  return {
    description: `${version}, ${backend}`,
    async lossAndGradients(parameters, examples) {
      // TensorFlow.js has one backend at a time in a process, and whoever ran last may have left another.
      if (tf.getBackend() !== backend) await tf.setBackend(backend)
      const { value, grads } = tf.tidy(() => {
        const x = pictures(examples.inputs, patch)
        const t = pictures(examples.targets, target)
        const lossOf = (...tensors: Tensor[]): Scalar =>
          tf.mean(tf.square(tf.sub(forward(x, tensors), t)))
        return tf.valueAndGrads(lossOf)(tensorsOf(parameters))
      })
      const [[loss], ...values] = await Promise.all([value, ...grads].map((one) => one.data<'float32'>())) // prettier-ignore
      tf.dispose([value, ...grads])
      values.forEach((data, i) => slots[i].set(data))
      return { loss, gradients }
    },
    async dispose() {}, // between steps it holds no tensor
  }
}
