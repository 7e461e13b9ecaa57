import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { UsageError } from '../../../worker/terminal/arguments.ts'
import { LEARN_OPTIONS, learnDictionary } from '../../../trainer/baseline/learnDictionary.ts'
import { evaluate } from '../../../trainer/commands/evaluate.ts'
import {
  kernelMethod,
  type Method,
  networkMethod,
  servedMethod,
  sparseMethod,
} from '../../../trainer/evaluate/method.ts'
import { plotResults } from '../../../trainer/report/plot.ts'
import { createStepProgress } from '../../../trainer/evaluate/stepProgress.ts'
import type { MethodResult } from '../../../trainer/evaluate/compareMethods.ts'
import { exportModel } from '../../../trainer/run/export.ts'
import { createMeasure } from '../../../trainer/evaluate/score.ts'
import { reference } from '../../../worker/engine/reference.ts'
import { greyOf } from '../../../worker/image/color.ts'
import { createRandom } from '../../../worker/image/prng.ts'
import { quantize } from '../../../worker/image/plane.ts'
import { createNetwork, type Network, subPixelArchitecture } from '../../../worker/model/network.ts'
import { encodeNetwork } from '../../../worker/model/networkFile.ts'
import { encodeOnnx, type OnnxGraph, type OnnxNode } from '../../../worker/model/onnx.ts'
import { codec } from '../../support/pictures/codec.ts'
import { sampleNetwork } from '../../support/engine/samples.ts'
import { drawPicture } from '../../support/pictures/edges.ts'

// The first name must be quoted in a CSV file.
const NAMES = ['one, "two"', 'three']
let folder: string
let pictures: string
let models: string

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'evaluate-'))
  pictures = path.join(folder, 'Set5') // only the name of Set5, so that published figures are found for it
  models = path.join(folder, 'models')
  await mkdir(pictures)
  for (const [i, name] of NAMES.entries()) {
    const bytes = await codec.encode(drawPicture(52, 47, 1 + i), { format: 'png', quality: 100 })
    await writeFile(path.join(pictures, `${name}.png`), bytes)
  }
  // A residual network whose weights are all zero equals bicubic.
  const network = createNetwork({ kernels: [3, 3], widths: [2], residual: true })
  await exportModel(models, encodeNetwork(network), { name: 'zero', scale: 3 })
  const small = createNetwork(subPixelArchitecture(3, 2, 1))
  await exportModel(models, encodeNetwork(small), { name: 'zero-small', scale: 3 })
})

/** Runs the command and returns what it prints. */
async function run(...args: string[]): Promise<string> {
  let printed = ''
  const print = (text: string) => {
    printed += text
  }
  await evaluate([...args, '--models', models, '--runtime', 'web'], print)
  return printed
}

async function resultsOf(...args: string[]): Promise<MethodResult[]> {
  const text = await run(pictures, ...args, '--json')
  return (JSON.parse(text) as { results: MethodResult[] }).results
}

const drawn = { name: 'drawn', rgba: drawPicture(96, 90, 9), isGrey: false }

test('the suffix @ort runs the same network in ONNX Runtime', async () => {
  const file = path.join(folder, 'sample.onnx')
  await writeFile(file, encodeNetwork(sampleNetwork(subPixelArchitecture(3, 4, 1))))
  const [own, ort] = await resultsOf('--method', `${file},${file}@ort`, '--scale', '3', '--input', 'float')
  expect([own.method, ort.method]).toEqual([file, `${file}@ort`])
  expect(ort.psnr).toBeCloseTo(own.psnr, 2)
})

test('each method has a row per scale and input, and residual networks with weights of zero equal bicubic', async () => {
  const results = await resultsOf(
    '--method',
    'nearest,bicubic,lanczos,zero,zero-small',
    '--input',
    'float,uint8,jpeg:60',
  )
  const rows = results.map(({ scale, input, method }) => `${scale} ${input} ${method}`)
  const expected = [2, 3, 4].flatMap((scale) =>
    ['float', 'uint8', 'jpeg:60'].flatMap((input) =>
      // The manifest has `zero` and `zero-small` only at x3. Without --scale, evaluation skips them at x2 and x4.
      ['nearest', 'bicubic', 'lanczos', ...(scale === 3 ? ['zero', 'zero-small'] : [])].map(
        (method) => `${scale} ${input} ${method}`,
      ),
    ),
  )
  expect(rows).toEqual(expected)
  for (const { scale, input } of results) {
    const of = (name: string) => results.find((r) => r.scale === scale && r.input === input && r.method === name)
    expect(of('nearest')!.psnr).toBeLessThan(of('bicubic')!.psnr)
    expect(of('bicubic')!.psnr).toBeLessThan(of('lanczos')!.psnr)
    if (scale !== 3) continue
    for (const name of ['zero', 'zero-small']) expect(of(name)!.psnr).toBeCloseTo(of('bicubic')!.psnr, 3)
  }
})

test('a file whose network enlarges x3 is refused at x2', async () => {
  const file = path.join(models, 'zero-small-x3.onnx')
  await expect(run(pictures, '--method', file, '--scale', '2')).rejects.toThrow(
    'expected a network for x2, got one that enlarges x3',
  )
})

test('the lower the JPEG quality of the input, the lower the PSNR of the result', async () => {
  const results = await resultsOf('--method', 'bicubic', '--scale', '2', '--input', 'uint8,jpeg:90,jpeg:40,jpeg:10')
  const psnrs = results.map(({ psnr }) => psnr)
  expect(psnrs).toEqual(psnrs.toSorted((a, b) => b - a))
  expect(psnrs[0] - psnrs[3]).toBeGreaterThan(1)
})

test('sparse coding beats bicubic from every kind of input', async () => {
  const learn = {
    ...LEARN_OPTIONS,
    atoms: 32,
    size: 16,
    samples: 4000,
    componentSamples: 1000,
    clusterSamples: 2000,
    clusterRounds: 3,
    neighbours: 500,
  }
  const taught = [1, 2, 3].map((seed) => drawPicture(96, 96, seed))
  const sparse = sparseMethod(new Map([[3, learnDictionary(taught, 3, learn)]]))
  for (const input of ['float', 'uint8', 'jpeg:90'] as const) {
    const measure = await createMeasure(drawn, 3, input)
    expect((await measure(sparse)).psnr - (await measure(servedMethod())).psnr).toBeGreaterThan(0.3)
  }
})

test('every kind of method keeps the mean colour of 8-bit pictures', async () => {
  const small = drawPicture(20, 16, 3)
  for (const method of [kernelMethod('nearest'), kernelMethod('lanczos'), servedMethod()]) {
    const large = await method.enlargePicture(small, 2)
    expect([large.width, large.height]).toEqual([40, 32])
    for (let p = 0; p < 3; p++) {
      const mean = (data: ArrayLike<number>) =>
        Array.from(data).reduce((sum, v, i) => (i % 4 === p ? sum + v : sum), 0) / (data.length / 4)
      expect(Math.abs(mean(large.data) - mean(small.data))).toBeLessThan(1.5)
    }
  }
})

describe('a network on RGB', () => {
  const write = async (channels: number) => {
    const file = path.join(folder, `zero-${channels}.onnx`)
    await writeFile(file, encodeNetwork(createNetwork({ kernels: [3], widths: [], channels, residual: true })))
    return file
  }

  test('that applies a luma network to each channel enlarges a grey picture exactly as the luma network does', async () => {
    const luma = sampleNetwork({ kernels: [5, 1, 3], widths: [6, 4], residual: true })
    const methodOf = (network: Network) => networkMethod(new Map([[3, { network, engine: reference }]]))
    const picture = drawPicture(23, 19, 2)
    const grey = { ...picture, data: picture.data.map((_, i, all) => (i % 4 === 3 ? 255 : all[i & ~3])) }
    const { data } = quantize(await methodOf(luma).enlargePlane!(greyOf(grey), 3))
    const large = await methodOf(onEachChannel(luma)).enlargePicture(grey, 3)
    expect([large.width, large.height]).toEqual([69, 57])
    const expected = Uint8ClampedArray.from({ length: 4 * data.length }, (_, i) =>
      i % 4 === 3 ? 255 : Math.round(255 * data[i >> 2]),
    )
    expect(large.data).toEqual(expected)
  })

  test('has rows for 8-bit input only, and equals bicubic if its weights are zero', async () => {
    const file = await write(3)
    const results = await resultsOf('--method', `bicubic,${file}`, '--scale', '3', '--input', 'float,uint8,jpeg:60')
    const rows = results.map(({ input, method }) => `${input} ${method}`)
    expect(rows).toEqual(['float bicubic', 'uint8 bicubic', `uint8 ${file}`, 'jpeg:60 bicubic', `jpeg:60 ${file}`])
    for (const i of [1, 3]) expect(results[i + 1].psnr).toBeCloseTo(results[i].psnr, 2)
    expect(results[2].published).toBeUndefined()
  })

  test('is refused if the only input is luma, and a network on two channels is always refused', async () => {
    const attempt = async (channels: number, input: string) =>
      run(pictures, '--method', await write(channels), '--scale', '3', '--input', input)
    await expect(attempt(3, 'float')).rejects.toThrow('expected --input with uint8 or jpeg:QUALITY')
    await expect(attempt(2, 'uint8')).rejects.toThrow('expected a network on luma or RGB, got one on 2 channels')
  })
})

/** Returns a network that applies `luma` to each of three channels independently. Its weights are block diagonal. */
function onEachChannel(luma: Network): Network {
  const layers = luma.layers.map(({ kernel, inputs, outputs, weights, bias }) => {
    const area = kernel * kernel
    const blocks = new Float32Array(9 * weights.length)
    for (let row = 0; row < 3 * outputs; row++) {
      const output = row % outputs
      const from = weights.subarray(output * inputs * area, (output + 1) * inputs * area)
      blocks.set(from, (3 * row + Math.floor(row / outputs)) * inputs * area)
    }
    return {
      kernel,
      inputs: 3 * inputs,
      outputs: 3 * outputs,
      weights: blocks,
      bias: Float32Array.from([...bias, ...bias, ...bias]),
      hasSkip: false,
    }
  })
  return { ...luma, layers }
}

test('createMeasure runs a method as often as requested, and scores the first result', async () => {
  let runs = 0
  const method: Method = {
    enlargePlane: (small, scale) => (runs++, kernelMethod('nearest').enlargePlane!(small, scale)),
    enlargePicture: () => Promise.reject(new Error('not expected with luma')),
  }
  const { psnr, seconds } = await (await createMeasure(drawn, 2, 'float', 3))(method)
  expect(runs).toBe(3)
  expect(seconds).toBeGreaterThan(0)
  expect(psnr).toEqual((await (await createMeasure(drawn, 2, 'float'))(method)).psnr)
})

describe('the output of evaluate', () => {
  const args = ['--method', 'nearest,bicubic', '--scale', '3', '--input', 'float']

  test('as CSV has one line for the mean and one per picture, with quotes where RFC 4180 requires them', async () => {
    const [heading, ...lines] = (await run(pictures, ...args, '--csv')).split('\r\n')
    expect(heading).toBe('set,scale,input,method,picture,images,psnr,ssim,seconds')
    expect(lines).toHaveLength(6)
    expect(lines.filter((line) => line.includes(',"one, ""two""",1,'))).toHaveLength(2)
    const psnrs = lines.map((line) => Number(line.split(',').at(-3)))
    expect(psnrs[0]).toBeCloseTo((psnrs[1] + psnrs[2]) / 2, 10)
  })

  test('as JSON has the same figures as the CSV, and the published ones', async () => {
    const [nearest, bicubic] = await resultsOf(...args)
    expect(nearest).toMatchObject({ set: 'Set5', scale: 3, input: 'float', method: 'nearest', images: 2 })
    expect(nearest.published).toBeUndefined()
    expect(bicubic.published).toMatchObject({ method: 'Bicubic', psnr: 30.3922 })
    expect(bicubic.pictures.map(({ picture }) => picture)).toEqual(NAMES)
    const csv = (await run(pictures, ...args, '--csv')).split('\r\n')
    expect(Number(csv[1].split(',').at(-3))).toBe(nearest.psnr)
  })

  test('as a table compares each method with bicubic and the literature, and with --verbose has a row per picture', async () => {
    const table = await run(pictures, ...args)
    expect(table).toMatch(/^Set5 +x3 +float +nearest +\d+\.\d\d \/ 0\.\d{4} +-\d\.\d\d dB +0\.\d{3}$/m)
    expect(table).toMatch(/^Set5 +x3 +float +bicubic .* Bicubic: 30\.39 \/ 0\.8682 +[+-]\d+\.\d\d dB$/m)
    expect(table).toMatch(/^published PSNR .*A\+/m)
    expect(table).not.toContain('three')
    expect(await run(pictures, ...args, '--verbose')).toMatch(/^ {2}three +\d+\.\d\d \/ 0/m)
  })

  test('goes to the file that --out names, and --plot also draws a labelled dot per method', async () => {
    const [out, plot] = ['scores.csv', 'plot.svg'].map((file) => path.join(folder, file))
    expect(await run(pictures, ...args, '--csv', '--out', out, '--plot', plot)).toBe('')
    expect(await readFile(out, 'utf8')).toMatch(/^set,scale/)
    const svg = await readFile(plot, 'utf8')
    expect(svg.match(/<circle /g)).toHaveLength(3)
    for (const label of ['nearest', 'bicubic', '9-1-5, ImageNet (published)']) expect(svg).toContain(`>${label}</text>`)
    expect(svg).not.toMatch(/NaN|Infinity|undefined/)
  })
})

test('a plot omits methods whose PSNR is infinite, and escapes names', () => {
  const result = { set: 'a<b', scale: 2, input: 'float', images: 1, ssim: 1, pictures: [] } as const
  const svg = plotResults([
    { ...result, method: 'exact', psnr: Infinity, seconds: 0.1 },
    { ...result, method: 'folder/a&b.onnx', psnr: 30, seconds: 0.1 },
  ])
  expect(svg.match(/<circle /g)).toHaveLength(1)
  expect(svg).toContain('>a&amp;b.onnx</text>')
  expect(svg).toContain('a&lt;b x2')
  expect(svg).not.toMatch(/NaN|Infinity/)
})

test('eight dots that lie close together are plotted without an error, wherever they are', () => {
  const result = {
    set: 'Set5',
    scale: 3,
    input: 'float',
    images: 1,
    ssim: 1,
    pictures: [],
  } as const
  const random = createRandom(1)
  for (let i = 0; i < 300; i++) {
    const results = Array.from({ length: 8 }, (_, n) => ({
      ...result,
      method: `${n}`,
      psnr: 32 + random.next(),
      seconds: 0.1 + random.next() / 100,
    }))
    expect(plotResults(results)).toContain('</svg>')
  }
})

describe('an ONNX file of another project', () => {
  const scale = 3
  const write = async (name: string, graph: Partial<OnnxGraph> & { nodes: OnnxNode[] }) => {
    const file = path.join(folder, name)
    const value = (of: string) => ({ name: of, dims: [1, 1, 'h', 'w'] })
    await writeFile(
      file,
      encodeOnnx({ constants: new Map(), inputs: [value('in')], outputs: [value('out')], ...graph }),
    )
    return file
  }
  const compare = (file: string, ...others: string[]) =>
    resultsOf('--method', [file, ...others].join(), '--scale', `${scale}`, '--input', 'float,uint8')

  test('whose output has the size of its input receives the bicubic picture', async () => {
    const file = await write('same.onnx', {
      nodes: [{ op: 'Identity', inputs: ['in'], outputs: ['out'], attributes: {} }],
    })
    const results = await compare(file, 'bicubic')
    expect(results.map(({ method }) => method)).toEqual([file, 'bicubic', file, 'bicubic'])
    for (const i of [0, 2]) expect(results[i].psnr).toBeCloseTo(results[i + 1].psnr, 3)
  })

  test('that enlarges receives the small picture, so a file that repeats each pixel equals nearest', async () => {
    const weights = { dims: [scale ** 2, 1, 1, 1], values: new Float32Array(scale ** 2).fill(1) }
    const file = await write('shuffle.onnx', {
      nodes: [
        { op: 'Conv', inputs: ['in', 'w'], outputs: ['planes'], attributes: { kernel_shape: [1, 1] } },
        { op: 'DepthToSpace', inputs: ['planes'], outputs: ['out'], attributes: { blocksize: scale } },
      ],
      constants: new Map([['w', weights]]),
    })
    const [float, nearest] = await compare(file, 'nearest')
    expect(float.psnr).toBeCloseTo(nearest.psnr, 3)
  })

  test('is refused if it returns a size that is neither unchanged nor enlarged, or if its input is RGB or has a fixed size', async () => {
    const half = await write('half.onnx', {
      nodes: [
        { op: 'MaxPool', inputs: ['in'], outputs: ['out'], attributes: { kernel_shape: [2, 2], strides: [2, 2] } },
      ],
    })
    await expect(compare(half)).rejects.toThrow('expected 48x40 to become 48x40 or, at x3, 144x120, got 24x20')
    const same = [{ op: 'Identity', inputs: ['in'], outputs: ['out'], attributes: {} }]
    const colour = await write('colour.onnx', {
      nodes: same,
      inputs: [{ name: 'in', dims: [1, 3, 'h', 'w'] }],
      outputs: [{ name: 'out', dims: [1, 3, 'h', 'w'] }],
    })
    await expect(compare(colour)).rejects.toThrow('which is luma, got float32 [1, 3, h, w]')
    const fixed = await write('fixed.onnx', {
      nodes: same,
      inputs: [{ name: 'in', dims: [1, 1, 24, 24] }],
      outputs: [{ name: 'out', dims: [1, 1, 24, 24] }],
    })
    await expect(compare(fixed)).rejects.toThrow('expected input of any height and width')
    const text = path.join(folder, 'text.onnx')
    await writeFile(text, 'not a network')
    await expect(compare(text)).rejects.toThrow('expected a file that ONNX Runtime can run')
  })
})

test.each([
  ['--method lancos', 'got "lancos"; did you mean lanczos?'],
  ['--method zeros', '(zero, zero-small), got "zeros"; did you mean zero?'],
  ['--method zero --scale 2', 'expected --scale to be one of 3, the scales of zero'],
  ['--method nowhere.onnx --scale 2', 'expected a file that can be read, got "nowhere.onnx"'],
  ['--method zero.onnx', 'expected --scale to name the one scale of zero.onnx'],
  ['--input jpg:40', 'expected --input to be float, uint8 or jpeg:QUALITY, got "jpg:40"; did you mean jpeg:40?'],
  ['--input jpeg:0', 'to be an integer from 1 to 100, got "0"'],
  ['--csv --json', 'expected --csv or --json, got both'],
  ['--plot nowhere/plot.svg', 'expected --plot to be in a folder that exists'],
  ['--methods bicubic', 'did you mean --method?'],
  ['package.json', 'expected FOLDER to be a folder that exists, got "package.json"'],
  ['bicubic', 'expected FOLDER to be a folder that exists, got "bicubic"; did you mean --method bicubic?'],
  ['--method sparse --baseline-data nowhere', 'expected --baseline-data to be a folder that exists, got "nowhere"'],
])('the arguments "%s" are refused: %s', async (line, message) => {
  const attempt = run(pictures, ...line.split(' '))
  await expect(attempt).rejects.toThrow(UsageError)
  await expect(attempt).rejects.toThrow(message)
})

test('pictures too small for SSIM are left out, and a folder with only such pictures is refused', async () => {
  const tiny = path.join(folder, 'tiny')
  await mkdir(tiny)
  const write = async (name: string, side: number) =>
    writeFile(
      path.join(tiny, `${name}.png`),
      await codec.encode(drawPicture(side, side, 1), { format: 'png', quality: 100 }),
    )
  await write('dot', 15)
  const args = [tiny, '--method', 'bicubic', '--scale', '2', '--input', 'float', '--csv']
  await expect(run(...args)).rejects.toThrow('expected a picture of at least 16 pixels a side in tiny at x2')
  await write('least', 16)
  expect((await run(...args)).split('\r\n')).toHaveLength(3)
})

test('on a terminal, the progress of an evaluation is a single line, which is erased at the end', () => {
  let text = ''
  const progress = createStepProgress({ isTTY: true, write: (part) => ((text += part), true) }, 0)
  progress.at('Set5 x3 float baby srcnn', 0.5)
  progress.end()
  const [line, erased] = text.split('\x1b[K')
  expect(line).toMatch(/^\r 50 % {2}Set5 x3 float baby srcnn {2}0:0\d left$/)
  expect(erased).toBe('\r')
})
