import { describe, expect, test } from 'vitest'
import { type Architecture, createNetwork, haloOf, type Network } from '../../worker/model/network.ts' // prettier-ignore
import { createRandom } from '../../worker/image/prng.ts'
import { createOnnxEngine } from '../../trainer/engine/onnx.ts'
import { loadRuntime, type RuntimeName } from '../../trainer/engine/runtime.ts'
import { createFitState } from '../../trainer/fit.ts'
import { countParameters, viewParameters } from '../../trainer/parameters.ts'

// The oracle is the definition of a derivative: central differences of the loss of a plain f64
// forward pass. f32 sums of this length are good to about 1e-6 of a tensor's largest gradient.
const TOLERANCE = 1e-4
const DIFFERENCE = 1e-6

const CASES: { name: string; architecture: Architecture; batch: number; patch: number }[] = [
  { name: '9-1-5, few channels', architecture: { kernels: [9, 1, 5], widths: [4, 3] }, batch: 2, patch: 15 }, // prettier-ignore
  { name: '9-3-5, wide enough for the other forms', architecture: { kernels: [9, 3, 5], widths: [10, 9] }, batch: 2, patch: 17 }, // prettier-ignore
  { name: '9-5-5 on three planes', architecture: { kernels: [9, 5, 5], widths: [4, 9], channels: 3 }, batch: 1, patch: 18 }, // prettier-ignore
  { name: 'five layers', architecture: { kernels: [5, 1, 3, 1, 3], widths: [9, 12, 4, 9] }, batch: 3, patch: 11 }, // prettier-ignore
  { name: 'one layer', architecture: { kernels: [5], widths: [] }, batch: 2, patch: 7 },
  { name: '9-1-5 as shipped', architecture: { kernels: [9, 1, 5], widths: [64, 32] }, batch: 2, patch: 15 }, // prettier-ignore
]

/** How many parameters of a tensor are differentiated: all where it is small. */
const SAMPLES = 30

const runtimes: RuntimeName[] = ['web']
if (await isInstalled('onnxruntime-node')) runtimes.push('node')

describe.each(runtimes)('gradients on onnxruntime-%s equal differences of the loss', (runtime) => {
  test.each(CASES)('$name', async ({ architecture, batch, patch }) => {
    const network = createNetwork(architecture)
    const random = createRandom(7)
    const { parameters } = createFitState(network, 3)
    for (let i = 0; i < parameters.length; i++) parameters[i] += 0.05 * random.normal() // biases, too
    const channels = architecture.channels ?? 1
    const fill = (length: number) => Float32Array.from({ length }, () => random.next())
    const inputs = fill(batch * channels * patch ** 2)
    const targets = fill(batch * channels * (patch - 2 * haloOf(network)) ** 2)

    const engine = await createOnnxEngine({ network, batch, patch }, await loadRuntime(runtime))
    const { loss, gradients } = await engine.lossAndGradients(parameters, { inputs, targets })
    await engine.dispose()

    const exact = Float64Array.from(parameters)
    const lossAt = () => lossOf(network, exact, batch, patch, inputs, targets)
    expect(loss).toBeCloseTo(lossAt(), 5)
    expect(gradients).toHaveLength(countParameters(network))
    let offset = 0
    for (const { weights, bias } of viewParameters(network, gradients)) {
      for (const tensor of [weights, bias]) {
        const largest = tensor.reduce((most, v) => Math.max(most, Math.abs(v)), 0)
        const stride = Math.max(1, Math.floor(tensor.length / SAMPLES))
        for (let i = 0; i < tensor.length; i += stride) {
          const at = offset + i
          const value = exact[at]
          exact[at] = value + DIFFERENCE
          const above = lossAt()
          exact[at] = value - DIFFERENCE
          const below = lossAt()
          exact[at] = value
          const expected = (above - below) / (2 * DIFFERENCE)
          expect(Math.abs(tensor[i] - expected) / largest).toBeLessThan(TOLERANCE)
        }
        offset += tensor.length
      }
    }
  })
})

/** Mean squared error of a batch, by loops, in f64. */
function lossOf(
  network: Network,
  parameters: Float64Array,
  batch: number,
  patch: number,
  inputs: Float32Array,
  targets: Float32Array,
): number {
  let planes: Float64Array = Float64Array.from(inputs)
  let side = patch
  let offset = 0
  network.layers.forEach((layer, index) => {
    const { kernel: k, outputs } = layer
    const size = side - k + 1
    const weights = parameters.subarray(offset, (offset += layer.weights.length))
    const bias = parameters.subarray(offset, (offset += outputs))
    const out = new Float64Array(batch * outputs * size * size)
    for (let n = 0, o = 0; n < batch; n++) {
      for (let output = 0; output < outputs; output++) {
        for (let y = 0; y < size; y++) {
          for (let x = 0; x < size; x++, o++) {
            let sum = bias[output]
            for (let input = 0; input < layer.inputs; input++) {
              const w = (output * layer.inputs + input) * k * k
              const p = ((n * layer.inputs + input) * side + y) * side + x
              for (let dy = 0; dy < k; dy++) {
                for (let dx = 0; dx < k; dx++) sum += weights[w + dy * k + dx] * planes[p + dy * side + dx] // prettier-ignore
              }
            }
            out[o] = index < network.layers.length - 1 ? Math.max(0, sum) : sum
          }
        }
      }
    }
    planes = out
    side = size
  })
  return planes.reduce((sum, v, i) => sum + (v - targets[i]) ** 2, 0) / planes.length
}

function isInstalled(name: string): Promise<boolean> {
  return import(/* @vite-ignore */ name).then(
    () => true,
    () => false,
  )
}
