// Builds one plain ONNX graph that computes the loss and gradients of a network, so that any ONNX runtime can train it.
// The backward pass is written by hand, because ONNX has no automatic differentiation. The backward pass of a
// convolution consists of convolutions.
//
//   forward   z = conv(h, W) + b (+ middle of the previous layer's input, for a skip),
//             h' = relu(z),  e = z_last - t,  loss = mean(e²), or mean(sqrt(e² + ε²))
//   backward  dW = conv(h^T, dz^T)^T      h^T: [N, C, y, x] -> [C, N, y, x], dz^T is the filter
//             db = sum of dz over N, y, x
//             dh = conv(dz padded by k - 1, V) (+ dz of the next layer, padded, if the next layer has a skip)
//             dz of the previous layer = dh * (h > 0)
//   V: W with inputs and outputs exchanged and both spatial axes reversed, [inputs, outputs, k, k].
//
// Runtimes compute convolutions as matrix products (im2col). Which of several equivalent forms is the fastest depends
// on the narrowest side of the product, so there are special cases for few outputs and for 1x1.
import type { OnnxConstant, OnnxGraph, OnnxNode } from '../../worker/model/onnx.ts'
import { CHARBONNIER_EPSILON, type Task } from './gradientEngine.ts'

// With fewer output channels than this, im2col's matrix product consists of only a few long dot products, which are
// slow.
const NARROW = 8
// If a layer has at least this many inputs and outputs, one matrix product for all taps of dW is faster than a
// convolution whose result is only k x k: three times faster for 3x3 with 16 inputs and 16 outputs.
const FEW = 4

const ONNX_FLOAT = 1
const ONNX_BOOL = 9

/** Returns a graph with inputs x, t, w1, b1, ... and outputs loss, dw1, db1, ... All shapes are fixed. */
export function buildGradientGraph({ network, batch, patch, loss = 'square' }: Task): OnnxGraph {
  const nodes: OnnxNode[] = []
  const constants = new Map<string, OnnxConstant>()
  const add = (op: string, inputs: readonly string[], output: string, attributes: OnnxNode['attributes'] = {}) => {
    nodes.push({ op, inputs, outputs: [output], attributes })
    return output
  }
  const integers = (...values: number[]) => {
    const name = `i${values.join('_')}`
    constants.set(name, { dims: [values.length], values })
    return name
  }
  const scalar = (name: string, value: number) => {
    constants.set(name, { dims: [], values: Float32Array.of(value) })
    return name
  }
  /** Reverses both spatial axes of a k x k filter. */
  const reverse = (input: string, k: number, output: string) =>
    add('Slice', [input, integers(-1, -1), integers(-k - 1, -k - 1), integers(2, 3), integers(-1, -1)], output)
  const exchange = (input: string, output: string) => add('Transpose', [input], output, { perm: [1, 0, 2, 3] })

  const { layers } = network
  /** Sides in pixels: sizes[i] is the side of layer i's input, sizes[i + 1] the side of its output. */
  const sizes = [patch]
  for (const { kernel } of layers) sizes.push(sizes[sizes.length - 1] - kernel + 1)
  /** Returns how many pixels must be cut off each side of the tensor that layer i's skip adds to the layer's output. */
  const marginOf = (i: number) => (sizes[i - 1] - sizes[i + 1]) / 2

  // Forward pass.
  const hidden = ['x']
  layers.forEach(({ kernel, inputs, outputs, hasSkip }, i) => {
    const id = i + 1
    const k = [kernel, kernel]
    const full = Array.from({ length: 4 }, () => kernel - 1)
    if (i > 0 || outputs < NARROW) reverse(exchange(`w${id}`, `wt${id}`), kernel, `v${id}`)
    const convolved = hasSkip ? `c${id}` : `z${id}`
    const z =
      outputs < NARROW && inputs > outputs
        ? add('ConvTranspose', [hidden[i], `v${id}`, `b${id}`], convolved, { kernel_shape: k, pads: full })
        : add('Conv', [hidden[i], `w${id}`, `b${id}`], convolved, { kernel_shape: k })
    if (hasSkip) {
      const m = marginOf(i)
      const middle =
        m === 0
          ? hidden[i - 1]
          : add('Slice', [hidden[i - 1], integers(m, m), integers(-m, -m), integers(2, 3)], `s${id}`)
      add('Add', [z, middle], `z${id}`)
    }
    hidden.push(i < layers.length - 1 ? add('Relu', [`z${id}`], `h${id}`) : `z${id}`)
  })

  const last = layers.length
  const values = batch * layers[last - 1].outputs * sizes[last] ** 2
  add('Sub', [`z${last}`, 't'], 'error')
  add('Mul', ['error', 'error'], 'squares')
  if (loss === 'charbonnier') {
    add('Sqrt', [add('Add', ['squares', scalar('epsilon', CHARBONNIER_EPSILON ** 2)], 'rounded')], 'sizes')
    add('Div', ['error', 'sizes'], 'direction')
  }
  const [terms, direction, slope] = loss === 'square' ? ['squares', 'error', 2] : ['sizes', 'direction', 1]
  add('ReduceMean', [terms], 'loss', { keepdims: 0 })
  let dz = add('Mul', [direction, scalar('slope', slope / values)], `dz${last}`)
  let dzAbove = ''

  // Backward pass.
  for (let i = last - 1; i >= 0; i--) {
    const { kernel, inputs, outputs } = layers[i]
    const id = i + 1
    const k = [kernel, kernel]
    const full = Array.from({ length: 4 }, () => kernel - 1)
    const area = sizes[id] ** 2
    const dzT = exchange(dz, `dzt${id}`) // [outputs, N, y, x]
    const rows = add('Reshape', [dzT, integers(outputs, batch * area)], `dzrows${id}`)
    add('ReduceSum', [rows, integers(1)], `db${id}`, { keepdims: 0 })
    const hT = exchange(hidden[i], `ht${id}`) // [inputs, N, y, x]
    const side = sizes[i]
    if (kernel === 1) {
      const columns = add('Reshape', [hT, integers(inputs, batch * area)], `hrows${id}`)
      const product = add('Gemm', [rows, columns], `dwflat${id}`, { transB: 1 })
      add('Reshape', [product, integers(outputs, inputs, 1, 1)], `dw${id}`)
    } else if (Math.min(inputs, outputs) >= FEW) {
      // One matrix product computes all taps: copies of dz, shifted down by 0 to k - 1 rows, times copies of h, shifted
      // across by 0 to k - 1 columns.
      const shifts = Array.from({ length: kernel }, (_, d) => d)
      const down = shifts.map((d) => add('Pad', [dzT, integers(0, 0, d, 0, 0, 0, kernel - 1 - d, 0)], `down${id}_${d}`))
      const across = shifts.map((d) =>
        add('Slice', [hT, integers(d), integers(d + sizes[id]), integers(3)], `across${id}_${d}`),
      )
      const positions = batch * side * sizes[id]
      const flat = (parts: readonly string[], name: string, channels: number) =>
        add('Reshape', [add('Concat', parts, name, { axis: 0 }), integers(kernel * channels, positions)], `${name}rows`)
      const product = add(
        'Gemm',
        [flat(down, `downs${id}`, outputs), flat(across, `acrosses${id}`, inputs)],
        `dwflat${id}`,
        { transB: 1 },
      )
      const split = add('Reshape', [product, integers(kernel, outputs, kernel, inputs)], `dwsplit${id}`)
      add('Transpose', [split], `dw${id}`, { perm: [1, 3, 0, 2] })
    } else if (outputs < inputs) {
      // Here dz is the picture and h is the filter, so the result is reversed.
      const mirrored = add('Conv', [dzT, hT], `dwr${id}`, { kernel_shape: [side, side], pads: full })
      reverse(mirrored, kernel, `dw${id}`)
    } else {
      const swapped = add('Conv', [hT, dzT], `dwt${id}`, { kernel_shape: [sizes[id], sizes[id]] })
      exchange(swapped, `dw${id}`)
    }
    if (i === 0) break
    let dh = add('Conv', [dz, `v${id}`], `dh${i}`, { kernel_shape: k, pads: full })
    if (layers[i + 1]?.hasSkip) {
      const m = marginOf(i + 1)
      const around = m === 0 ? dzAbove : add('Pad', [dzAbove, integers(0, 0, m, m, 0, 0, m, m)], `ds${i}`)
      dh = add('Add', [dh, around], `dhs${i}`)
    }
    // Casting to bool and back is the cheapest way to get 1 where h > 0 and 0 elsewhere.
    const active = add('Cast', [hidden[i]], `on${i}`, { to: ONNX_BOOL })
    const mask = add('Cast', [active], `mask${i}`, { to: ONNX_FLOAT })
    dzAbove = dz
    dz = add('Mul', [dh, mask], `dz${i}`)
  }

  const shapes = layers.flatMap(({ kernel, inputs, outputs }, i) => [
    { name: `w${i + 1}`, dims: [outputs, inputs, kernel, kernel] },
    { name: `b${i + 1}`, dims: [outputs] },
  ])
  const picture = (name: string, channels: number, side: number) => ({
    name,
    dims: [batch, channels, side, side],
  })
  return {
    nodes,
    constants,
    inputs: [picture('x', layers[0].inputs, patch), picture('t', layers[last - 1].outputs, sizes[last]), ...shapes],
    outputs: [{ name: 'loss', dims: [] }, ...shapes.map(({ name, dims }) => ({ name: `d${name}`, dims }))],
  }
}
