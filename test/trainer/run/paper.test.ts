import type { Tensor4D } from '@tensorflow/tfjs-core'
import { expect, test } from 'vitest'
import { createNetwork } from '../../../worker/model/network.ts'
import { chooseBackend } from '../../../trainer/engine/backends.ts'
import { drawStep } from '../../../trainer/engine/probe.ts'
import { loadTensorFlowCpu } from '../../../trainer/engine/tensorflowRuntime.ts'
import { createFitState, euclideanScale, fit } from '../../../trainer/run/fit.ts'
import { viewParameters } from '../../../trainer/engine/parameters.ts'

// The oracle: TensorFlow.js differentiates Caffe's EuclideanLoss as Caffe's documentation defines it, 1/2N times the
// sum of squares over a batch of N. The authors' solver and prototxt define how far a weight moves: base_lr is 1e-4;
// lr_mult is 1 for the weights of the first two layers and 0.1 for all other parameters.
const RATE = 1e-4
const MULTIPLIERS = [1, 0.1, 1, 0.1, 0.1, 0.1]
const NETWORK = createNetwork({ kernels: [9, 1, 5], widths: [6, 4] })
const TASK = { network: NETWORK, batch: 3, patch: 17 }

test("the first step of the paper's training moves every weight as far as Caffe does", async () => {
  const { tf } = await loadTensorFlowCpu()
  const state = createFitState(NETWORK, 1, 'sgd', 0.05)
  const before = state.parameters.slice()
  const { examples } = drawStep(TASK, 7)

  const inputs = tf.tensor4d(examples.inputs, [3, 17, 17, 1])
  const targets = tf.tensor4d(examples.targets, [3, 5, 5, 1])
  const tensors = viewParameters(NETWORK, before).flatMap(({ weights, bias }, i) => {
    const { kernel, inputs: from, outputs } = NETWORK.layers[i]
    return [tf.tensor4d(weights, [outputs, from, kernel, kernel]), tf.tensor1d(bias)]
  })
  const euclidean = tf.valueAndGrads((...values) => {
    let z = inputs
    for (let i = 0; i < 6; i += 2) {
      const filter = tf.transpose(values[i] as Tensor4D, [2, 3, 1, 0])
      z = tf.add(tf.conv2d(i > 0 ? tf.relu(z) : z, filter, 1, 'valid'), values[i + 1])
    }
    return tf.div(tf.sum(tf.square(tf.sub(z, targets))), 2 * TASK.batch)
  })
  const { value, grads } = euclidean(tensors)

  const { createEngine } = await chooseBackend('onnx-wasm')
  const engine = await createEngine(TASK, { workers: 1 })
  const scale = euclideanScale(NETWORK, TASK.patch)
  let loss = NaN
  const schedule = { steps: 1, rate: RATE * scale, course: 'constant' } as const
  await fit(
    state,
    engine,
    () => examples,
    schedule,
    (mean) => {
      loss = mean
      return true
    },
  )
  await engine.dispose()

  expect(loss * scale).toBeCloseTo(value.dataSync()[0], 4)
  // In the first step a weight moves by its velocity. The velocity is compared, because adding it to the weight would
  // round it.
  const velocity = viewParameters(NETWORK, state.optimizer.state.velocity as Float32Array)
  const moves = velocity.flatMap(({ weights, bias }) => [weights, bias])
  grads.forEach((grad, i) => {
    const expected = Array.from(grad.dataSync(), (g) => RATE * MULTIPLIERS[i] * g)
    const largest = Math.max(...expected.map(Math.abs))
    expect(largest).toBeGreaterThan(0)
    moves[i].forEach((move, j) => expect(Math.abs(move - expected[j]) / largest).toBeLessThan(1e-4))
  })
  expect(state.parameters).toEqual(before.map((weight, i) => weight - state.optimizer.state.velocity[i]))
})

test("for targets of 21x21 values, Caffe's loss is 220.5 times the mean squared error", () => {
  expect(euclideanScale(createNetwork({ kernels: [9, 1, 5], widths: [64, 32] }), 33)).toBe(220.5)
})
