// Trains on TensorFlow.js. The forward pass consists of TensorFlow.js operations; its automatic differentiation
// computes the backward pass. The plain JavaScript backend is the oracle of the tests.
//
// TensorFlow.js convolves [N, y, x, channels] with [k, k, inputs, outputs], so pictures and filters are transposed. The
// transposition of the filters is part of the differentiated function, so gradients have the layout of parameters.ts.
import type { Scalar, Tensor, Tensor4D } from '@tensorflow/tfjs-core'
import type * as TensorFlow from '@tensorflow/tfjs-core'
import { countParameters, viewParameters } from './parameters.ts'
import { CHARBONNIER_EPSILON, shapesOf, type Task, type GradientEngine } from './gradientEngine.ts'

export interface TensorFlowRuntime {
  readonly tf: typeof TensorFlow
  /** Name of the backend in TensorFlow.js. */
  readonly backend: 'cpu' | 'tensorflow' | 'webgpu'
  /** Name and version for the manifest: `@tensorflow/tfjs-node 4.22.0`. */
  readonly version: string
}

export async function createTensorFlowEngine(
  task: Task,
  { tf, backend, version }: TensorFlowRuntime,
): Promise<GradientEngine> {
  const { network, loss = 'square' } = task
  const { layers } = network
  const shapes = shapesOf(task)
  const gradients = new Float32Array(countParameters(network))
  const slots = viewParameters(network, gradients).flatMap(({ weights, bias }) => [weights, bias])

  const pictures = (data: Float32Array, shape: (typeof shapes)['inputs']): Tensor4D =>
    tf.transpose(tf.tensor4d(data, [...shape]), [0, 2, 3, 1])

  /** Returns w1, b1, w2, b2, ... as tensors with the shapes of network.ts. */
  const tensorsOf = (parameters: Float32Array): Tensor[] =>
    viewParameters(network, parameters).flatMap(({ weights, bias }, i) => {
      const { kernel, inputs, outputs } = layers[i]
      return [tf.tensor4d(weights, [outputs, inputs, kernel, kernel]), tf.tensor1d(bias)]
    })

  const forward = (x: Tensor4D, tensors: readonly Tensor[]): Tensor4D => {
    const hidden = [x]
    layers.forEach(({ hasSkip }, i) => {
      const filters = tf.transpose(tensors[2 * i] as Tensor4D, [2, 3, 1, 0])
      let z: Tensor4D = tf.add(tf.conv2d(hidden[i], filters, 1, 'valid'), tensors[2 * i + 1])
      if (hasSkip) z = tf.add(z, middleOf(hidden[i - 1], z))
      hidden.push(i < layers.length - 1 ? tf.relu(z) : z)
    })
    return hidden[layers.length]
  }

  /** Returns the middle of `x` in the given shape, which is smaller. */
  const middleOf = (x: Tensor4D, { shape }: Tensor4D): Tensor4D => {
    const margin = (x.shape[1] - shape[1]) / 2
    return tf.slice4d(x, [0, margin, margin, 0], shape)
  }

  return {
    description: `${version}, ${backend}`,
    async lossAndGradients(parameters, examples) {
      // TensorFlow.js has one active backend per process, and another engine may have activated a different one.
      if (tf.getBackend() !== backend) await tf.setBackend(backend)
      const { value, grads } = tf.tidy(() => {
        const x = pictures(examples.inputs, shapes.inputs)
        const t = pictures(examples.targets, shapes.targets)
        const lossOf = (...tensors: Tensor[]): Scalar => {
          const squares = tf.square(tf.sub(forward(x, tensors), t))
          return tf.mean(loss === 'square' ? squares : tf.sqrt(tf.add(squares, CHARBONNIER_EPSILON ** 2)))
        }
        return tf.valueAndGrads(lossOf)(tensorsOf(parameters))
      })
      const [[mean], ...values] = await Promise.all([value, ...grads].map((one) => one.data<'float32'>()))
      tf.dispose([value, ...grads])
      values.forEach((data, i) => slots[i].set(data))
      return { loss: mean, gradients }
    },
    async dispose() {}, // no tensor is kept between steps
  }
}
