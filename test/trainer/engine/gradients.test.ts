import { describe, expect, test } from 'vitest'
import { type Architecture, createNetwork, type Network, subPixelArchitecture } from '../../../worker/model/network.ts'
import { type Backend, BACKENDS, chooseBackend } from '../../../trainer/engine/backends.ts'
import { CHARBONNIER_EPSILON, type Loss, type Task } from '../../../trainer/engine/gradientEngine.ts'
import { drawStep } from '../../../trainer/engine/probe.ts'
import { countParameters, viewParameters } from '../../../trainer/engine/parameters.ts'

// There are two oracles: TensorFlow.js's automatic differentiation in plain JavaScript, and the definition of a
// derivative (central differences of the loss of a plain f64 forward pass). The f32 sums of the backends are accurate
// to about 1e-6 of a tensor's largest gradient.
const TOLERANCE = 1e-4
const DIFFERENCE = 1e-6

const CASES: {
  name: string
  architecture: Architecture
  batch: number
  patch: number
  loss?: Loss
}[] = [
  { name: '9-1-5 with few channels', architecture: { kernels: [9, 1, 5], widths: [4, 3] }, batch: 2, patch: 15 },
  {
    name: '9-3-5 with enough channels for the other forms of the matrix products',
    architecture: { kernels: [9, 3, 5], widths: [10, 9] },
    batch: 2,
    patch: 17,
  },
  {
    name: '9-5-5 on three planes',
    architecture: { kernels: [9, 5, 5], widths: [4, 9], channels: 3 },
    batch: 1,
    patch: 18,
  },
  { name: 'five layers', architecture: { kernels: [5, 1, 3, 1, 3], widths: [9, 12, 4, 9] }, batch: 3, patch: 11 },
  { name: 'fast at x3', architecture: subPixelArchitecture(3, 16, 3), batch: 2, patch: 19 },
  {
    name: 'fast at x2 with the Charbonnier loss',
    architecture: subPixelArchitecture(2, 16, 3),
    batch: 2,
    patch: 19,
    loss: 'charbonnier',
  },
  {
    name: 'two pairs of layers at x2 on three planes',
    architecture: { ...subPixelArchitecture(2, 8, 2), channels: 3 },
    batch: 1,
    patch: 15,
  },
  {
    name: 'skips that overlap, have no margin, or end in the last layer',
    architecture: { kernels: [3, 1, 1, 3, 3], widths: [4, 4, 4, 4], skips: [2, 3, 4], scale: 2 },
    batch: 2,
    patch: 9,
  },
  {
    name: "a skip from the network's input",
    architecture: { kernels: [5, 3, 3], widths: [6, 2], channels: 2, skips: [1] },
    batch: 2,
    patch: 11,
  },
  { name: 'one layer', architecture: { kernels: [5], widths: [] }, batch: 2, patch: 7 },
  { name: '9-1-5 as shipped', architecture: { kernels: [9, 1, 5], widths: [64, 32] }, batch: 2, patch: 15 },
]

/**
 * Approximate number of parameters per tensor that are differentiated numerically. In a tensor with fewer parameters,
 * all are.
 */
const SAMPLES = 30

const backends: Backend[] = []
for (const name of BACKENDS) {
  if (name === 'auto') continue
  try {
    backends.push(await chooseBackend(name))
  } catch (error) {
    test.skip((error as Error).message, () => {})
  }
}
const oracle = backends.find(({ name }) => name === 'tfjs-cpu')

describe.each(backends)('on $name, gradients equal the gradients of both oracles for', ({ createEngine }) => {
  test.for(CASES)('$name', async (one, context) => {
    const { task, parameters, examples } = stepOf(one)
    const engine = await createEngine(task).catch(({ message }: Error) =>
      // A backend refuses a network if its provider computes wrong gradients for that network: see expectSame.
      /wrong gradients/.test(message) ? context.skip(message) : Promise.reject(new Error(message)),
    )
    const { loss, gradients } = await engine.lossAndGradients(parameters, examples)
    await engine.dispose()

    const expected = await expectedOf(one)
    expect(loss).toBeCloseTo(expected.loss, 5)
    expect(gradients).toHaveLength(countParameters(task.network))
    let offset = 0
    for (const tensor of tensorsOf(task.network, gradients)) {
      const largest = largestOf(tensor)
      tensor.forEach((value, i) => {
        const difference = expected.differences.get(offset + i)
        if (difference !== undefined) expect(Math.abs(value - difference) / largest).toBeLessThan(TOLERANCE)
      })
      if (expected.gradients) {
        const others = expected.gradients.subarray(offset, offset + tensor.length)
        expect(largestOf(tensor.map((value, i) => value - others[i])) / largest).toBeLessThan(TOLERANCE)
      }
      offset += tensor.length
    }
  })
})

type Case = (typeof CASES)[number]

function stepOf({ architecture, batch, patch, loss }: Case) {
  const task: Task = { network: createNetwork(architecture), batch, patch, loss }
  return { task, ...drawStep(task, 7) }
}

interface Expected {
  readonly loss: number
  /** Central differences of about SAMPLES parameters per tensor, by index in the flat vector of parameters. */
  readonly differences: ReadonlyMap<number, number>
  /** The gradients of TensorFlow.js; undefined if TensorFlow.js is not installed. */
  readonly gradients: Float32Array | undefined
}

const known = new Map<Case, Expected>()

/** Returns the results of the oracles, computed once for all backends. */
async function expectedOf(one: Case): Promise<Expected> {
  const found = known.get(one)
  if (found) return found
  const { task, parameters, examples } = stepOf(one)
  const exact = Float64Array.from(parameters)
  const lossAt = () => lossOf(task, exact, examples.inputs, examples.targets)
  const differences = new Map<number, number>()
  let offset = 0
  for (const { length } of tensorsOf(task.network, parameters)) {
    const stride = Math.max(1, Math.floor(length / SAMPLES))
    for (let at = offset; at < offset + length; at += stride) {
      const value = exact[at]
      exact[at] = value + DIFFERENCE
      const above = lossAt()
      exact[at] = value - DIFFERENCE
      const below = lossAt()
      exact[at] = value
      differences.set(at, (above - below) / (2 * DIFFERENCE))
    }
    offset += length
  }
  const engine = await oracle?.createEngine(task)
  const result = await engine?.lossAndGradients(parameters, examples)
  const expected = { loss: lossAt(), differences, gradients: result?.gradients.slice() }
  known.set(one, expected)
  return expected
}

/** Returns views into `flat`: w1, b1, w2, b2, ... */
function tensorsOf(network: Network, flat: Float32Array): Float32Array[] {
  return viewParameters(network, flat).flatMap(({ weights, bias }) => [weights, bias])
}

function largestOf(values: Float32Array): number {
  return values.reduce((most, v) => Math.max(most, Math.abs(v)), 0)
}

/** Returns the mean loss of a batch, computed by plain loops in f64. */
function lossOf(
  { network, batch, patch, loss }: Task,
  parameters: Float64Array,
  inputs: Float32Array,
  targets: Float32Array,
): number {
  let planes: Float64Array = Float64Array.from(inputs)
  let side = patch
  let before = { planes, side } // input of the previous layer
  let offset = 0
  network.layers.forEach((layer, index) => {
    const { kernel: k, outputs } = layer
    const skipped = before
    before = { planes, side }
    const margin = (skipped.side - side + k - 1) / 2
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
                for (let dx = 0; dx < k; dx++) sum += weights[w + dy * k + dx] * planes[p + dy * side + dx]
              }
            }
            const s = ((n * outputs + output) * skipped.side + y + margin) * skipped.side + x + margin
            if (layer.hasSkip) sum += skipped.planes[s]
            out[o] = index < network.layers.length - 1 ? Math.max(0, sum) : sum
          }
        }
      }
    }
    planes = out
    side = size
  })
  const termOf = (error: number) => (loss === 'charbonnier' ? Math.hypot(error, CHARBONNIER_EPSILON) : error ** 2)
  return planes.reduce((sum, v, i) => sum + termOf(v - targets[i]), 0) / planes.length
}
