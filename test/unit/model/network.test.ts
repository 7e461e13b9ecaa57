import { describe, expect, test } from 'vitest'
import { roundToHalf } from '../../../worker/model/half.ts'
import { reference } from '../../../worker/engine/reference.ts'
import {
  type Architecture,
  channelsOf,
  costOf,
  createNetwork,
  describeNetwork,
  haloOf,
  requireScale,
  subPixelArchitecture,
  type Network,
  SRCNN_915,
} from '../../../worker/model/network.ts'
import { decodeNetwork, encodeNetwork } from '../../../worker/model/networkFile.ts'
import { convolutionFile } from '../../support/engine/onnxFile.ts'
import { ort } from '../../support/engine/ort.ts'
import { maxDifference, sampleNetwork, samplePlanes } from '../../support/engine/samples.ts'

const ARCHITECTURES: readonly Architecture[] = [
  SRCNN_915,
  { kernels: [9, 1, 5], widths: [64, 32] },
  { kernels: [9, 3, 5], widths: [16, 8], residual: true },
  { kernels: [9, 5, 5], widths: [16, 8] },
  { kernels: [9, 3, 3, 5], widths: [12, 8, 8], residual: true },
  { kernels: [9, 1, 5], widths: [16, 8], channels: 3, residual: true },
  { kernels: [5, 3], widths: [4], channels: 3 },
  { kernels: [3], widths: [] },
  { kernels: [1], widths: [], residual: true },
  subPixelArchitecture(3, 16, 3),
  { ...subPixelArchitecture(2, 4, 1), channels: 3 },
  { ...subPixelArchitecture(4, 4, 1), residual: false },
  { kernels: [3, 1, 1, 3], widths: [4, 4, 4], skips: [2, 3], scale: 2, residual: true },
  { kernels: [3, 3], widths: [2], channels: 2, skips: [1] },
  { kernels: [3, 3, 3], widths: [2, 2], channels: 2, skips: [1, 2], residual: true },
]

const CASES = ARCHITECTURES.flatMap((architecture) =>
  (['edge', 'zero'] as const).map((padding) => {
    const network = sampleNetwork(architecture, padding)
    return { name: `${describeNetwork(network)} ${padding}`, network }
  }),
)

CASES.push({
  name: 'in half precision',
  network: halved(sampleNetwork(subPixelArchitecture(3, 8, 1))),
})

function halved(network: Network): Network {
  const layers = network.layers.map((layer) =>
    Object.assign(layer, {
      weights: layer.weights.map(roundToHalf),
      bias: layer.bias.map(roundToHalf),
    }),
  )
  return { ...network, layers }
}

test('weights that half precision represents exactly take half the bytes', () => {
  const network = sampleNetwork(subPixelArchitecture(3, 16, 3))
  const whole = encodeNetwork(network).length
  expect(encodeNetwork(halved(network)).length / whole).toBeLessThan(0.53)
})

describe('onnxruntime, which reads a written file, computes the same as the reference engine', () => {
  test.each(CASES)('$name', async ({ network }) => {
    const session = await ort.InferenceSession.create(encodeNetwork(network))
    const channels = channelsOf(network)
    for (const [width, height] of [
      [17, 9],
      [1, 1],
    ]) {
      const input = samplePlanes(channels, width, height)
      const { scale } = network
      const large = [1, channels, scale * height, scale * width]
      const x = new ort.Tensor('float32', input.data, [1, channels, height, width])
      const { data: picture } = samplePlanes(channels, scale * width, scale * height, 3)
      const bicubic = new ort.Tensor('float32', picture, large)
      const addsBicubic = session.inputNames.includes('bicubic')
      expect(addsBicubic).toBe(scale > 1 && network.residual)
      const { y } = await session.run(addsBicubic ? { x, bicubic } : { x })
      expect(y.dims).toEqual(large)
      const { data: want } = await reference.run(network, input)
      if (addsBicubic) want.forEach((v, i) => (want[i] = v + picture[i]))
      // The tolerance covers sums in f32 of up to 1,600 products of about 1, compared with sums in f64.
      expect(maxDifference(y.data as Float32Array, want)).toBeLessThan(1e-4)
    }
    await session.release()
  })
})

describe('a written file reads back as the same network', () => {
  const isResidual = ({ network }: (typeof CASES)[number]) =>
    network.padding === 'zero' && network.layers.length === 2 && network.layers[1].hasSkip
  test.each(CASES.filter((one) => !isResidual(one)))('$name', ({ network }) => {
    const file = encodeNetwork(network)
    expect(decodeNetwork(file)).toEqual(network)
    expect(encodeNetwork(decodeNetwork(file))).toEqual(file)
  })
})

test('with zero padding, a skip over the whole network is read as a residual, because both are the same in the file', () => {
  const network = sampleNetwork({ kernels: [3, 3], widths: [2], channels: 2, skips: [1] }, 'zero')
  const read = decodeNetwork(encodeNetwork(network))
  expect(describeNetwork(read)).toBe('3-3 2-2-2 residual')
})

describe('a file of another writer gives the same result in the reference and in onnxruntime', () => {
  test.each([
    { floats: 'raw', integers: 'packed' },
    { floats: 'packed', integers: 'packed' },
    { floats: 'packed', integers: 'unpacked', isShuffled: true },
    { floats: 'unpacked', integers: 'unpacked' },
  ] as const)('with $floats weights and $integers lists', async (options) => {
    const file = convolutionFile(options)
    const network = decodeNetwork(file)
    expect(network).toMatchObject({ residual: false, padding: 'zero' })
    const input = samplePlanes(1, 6, 5)
    const session = await ort.InferenceSession.create(file)
    const result = await session.run({ in: new ort.Tensor('float32', input.data, [1, 1, 5, 6]) })
    const want = result.out.data as Float32Array
    expect(maxDifference((await reference.run(network, input)).data, want)).toBeLessThan(1e-5)
    await session.release()
  })
})

test('9-1-5 has a halo of 6 pixels and costs 8,032 multiplications per pixel', () => {
  const network = createNetwork(SRCNN_915)
  expect(haloOf(network)).toBe(6)
  expect(costOf(network)).toBe(8032)
  expect(describeNetwork(network)).toBe('9-1-5 1-64-32-1 residual')
})

test('the cost of a sub-pixel network is counted per pixel of the result', () => {
  const network = createNetwork(subPixelArchitecture(3, 16, 3))
  expect(haloOf(network)).toBe(9)
  expect(costOf(network)).toBe((5 * 5 * 16 + 6 * 9 * 16 * 16 + 9 * 16 * 9) / 9)
  expect(describeNetwork(network)).toBe('5-3+3-3+3-3+3-3 1-16-16-16-16-16-16-16-9 x3 residual')
})

test('a network that enlarges accepts only its own scale, and any other network accepts every scale', () => {
  const enlarging = createNetwork(subPixelArchitecture(3, 4, 1))
  expect(() => requireScale(enlarging, 3)).not.toThrow()
  expect(() => requireScale(enlarging, 2)).toThrow('expected a network for x2, got one that enlarges x3')
  for (const scale of [2, 3, 4]) requireScale(createNetwork(SRCNN_915), scale)
})

test('an impossible shape is refused with a message that says what was expected', () => {
  const refuse = (architecture: Architecture, message: string) =>
    expect(() => createNetwork(architecture)).toThrow(message)
  refuse({ kernels: [9, 1, 5], widths: [64] }, 'one width between each two of 3 layers, got 1')
  refuse({ kernels: [8], widths: [] }, 'expected an odd kernel up to 31, got 8')
  refuse({ kernels: [33], widths: [] }, 'expected an odd kernel up to 31, got 33')
  refuse({ kernels: [3, 3], widths: [0] }, 'expected 1 to 512 channels, got 0')
  refuse({ kernels: [3, 3], widths: [513] }, 'expected 1 to 512 channels, got 513')
  refuse({ kernels: [], widths: [] }, 'layers')
  refuse({ kernels: [3, 3], widths: [4], skips: [0] }, 'layer 1: expected a skip over two layers')
  refuse({ kernels: [3, 3], widths: [4], scale: 2, skips: [1] }, 'got 1 in and 4 out')
  refuse({ kernels: [3], widths: [], scale: 5 }, 'expected a scale from 1 to 4, got 5')
})

const INPUT = { channels: 1, width: 3, height: 1, data: Float32Array.of(1, 2, 3) }

test('the reference engine gives the same result as a calculation by hand', async () => {
  const layer = {
    kernel: 3,
    inputs: 1,
    outputs: 1,
    weights: Float32Array.of(0, 0, 0, 1, 2, 0, 0, 0, 0),
    bias: Float32Array.of(10),
    hasSkip: false,
  }
  const run = async (network: Omit<Network, 'layers'>) => [
    ...(await reference.run({ layers: [layer], ...network }, INPUT)).data,
  ]
  expect(await run({ scale: 1, residual: false, padding: 'zero' })).toEqual([12, 15, 18])
  expect(await run({ scale: 1, residual: false, padding: 'edge' })).toEqual([13, 15, 18])
  expect(await run({ scale: 1, residual: true, padding: 'edge' })).toEqual([14, 17, 21])
})

test('the reference engine adds the input of a skip and arranges four channels as 2x2 pixels', async () => {
  const layer = (outputs: number, taps: readonly number[], bias: readonly number[], hasSkip = false) => ({
    kernel: Math.sqrt(taps.length / outputs),
    inputs: 1,
    outputs,
    weights: Float32Array.from(taps),
    bias: Float32Array.from(bias),
    hasSkip,
  })
  const layers = [
    layer(1, [0, 0, 0, 0, 10, 0, 0, 0, 0], [0]), // 10, 20, 30
    layer(1, [0, 0, 0, 0, 0, 1, 0, 0, 0], [0], true), // 20, 30, 30 + 1, 2, 3
    layer(4, [1, 2, -1, -2], [0, 0, 0, 100]),
  ]
  const got = await reference.run({ layers, scale: 2, residual: true, padding: 'edge' }, INPUT)
  expect(got).toMatchObject({ channels: 1, width: 6, height: 2 })
  expect([...got.data]).toEqual([21, 42, 32, 64, 33, 66, -21, 58, -32, 36, -33, 34])
})
