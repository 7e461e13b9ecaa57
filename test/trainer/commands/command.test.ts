import { spawn } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import { createCodec } from '../../../worker/codec/codec.ts'
import { loadCodecModules } from '../../../worker/platform/nodeFiles.ts'
import { SCALES } from '../../../worker/client/allowed.ts'
import { parseManifest } from '../../../worker/model/manifest.ts'
import { costOf, createNetwork, describeNetwork } from '../../../worker/model/network.ts'
import { UsageError } from '../../../worker/terminal/arguments.ts'
import {
  commandOf,
  parseExecutionOptions,
  parseTrainConfig,
  parseTrainArguments,
  taskOf,
} from '../../../trainer/commands/trainOptions.ts'
import { FAMILIES } from '../../../trainer/run/families.ts'
import { createTrainingProgress } from '../../../trainer/run/trainingProgress.ts'
import { formatSeconds } from '../../../worker/terminal/progressLine.ts'
import { drawPicture } from '../../support/pictures/edges.ts'

const ROOT = path.join(import.meta.dirname, '../../..')

test('train, promote and evaluate work one after the other on a folder of pictures', async () => {
  const folder = await folderOfPictures()
  const run = (script: string, ...args: string[]) => execute(script, folder, args)

  const trained = await run(
    'main.ts',
    '--data',
    'train',
    '--eval',
    'test',
    '--scale',
    '2,3',
    '--steps',
    '4',
    '--batch',
    '2',
    '--arch',
    'srcnn',
    '--channels',
    '8,4',
    '--backend',
    'onnx-wasm',
    '--name',
    'tiny',
  )
  expect(trained.stderr).toMatch(/tiny x3 +100 % +step 4\/4/)
  expect(trained.stdout).toContain('onnxruntime-web')
  const place = path.join(folder, 'trainer/runs/tiny-1')
  expect(await readdir(place)).toEqual(['config.json', 'manifest.json', 'tiny-x2.onnx', 'tiny-x3.onnx', 'x2', 'x3'])
  const { models } = parseManifest(await readFile(path.join(place, 'manifest.json'), 'utf8'))
  expect(models[1]).toMatchObject({
    name: 'tiny',
    scale: 3,
    architecture: '9-1-5 1-8-4-1 residual',
    padding: 'edge',
    data: 'train (4 images)',
    seed: 1,
    steps: 4,
    patches: 8,
    validation: { data: 'train, held out', images: 1, input: 'clean' },
    command: 'npm run trainer -- --scale 3 --steps 4 --arch srcnn --data train --batch 2 --channels 8,4 --name tiny',
    scores: ['float', 'uint8', 'jpeg:40', 'jpeg:60', 'jpeg:80'].map((input) => ({ set: 'test', input, images: 1 })),
  })
  const log = (await readFile(path.join(place, 'x3/log.jsonl'), 'utf8')).trim().split('\n')
  const last = JSON.parse(log.at(-1)!) as { step: number; psnr: number; bicubic: number }
  expect(last).toMatchObject({ step: 4, patches: 8 })
  expect(last.bicubic).toBeCloseTo(models[1].validation!.bicubic, 4)
  expect(last.psnr).toBeCloseTo(models[1].validation!.psnr, 2)

  const promoted = run('main.ts', 'promote', 'tiny-1', '--force')
  await expect(promoted).resolves.toBeDefined()
  expect(await readdir(path.join(folder, 'models'))).toEqual(['manifest.json', 'tiny-x2.onnx', 'tiny-x3.onnx'])
  await expect(run('main.ts', 'promot')).rejects.toThrow('did you mean promote?')
  const evaluated = await run(
    'evaluate.ts',
    'test',
    '--models',
    'trainer/runs/tiny-1',
    '--method',
    'tiny',
    '--scale',
    '3',
    '--input',
    'float',
    '--json',
    '--runtime',
    'web',
  )
  const { results } = JSON.parse(evaluated.stdout) as { results: { psnr: number }[] }
  expect(results[0].psnr).toBeCloseTo(models[1].scores![0].psnr, 3)

  await expect(run('evaluate.ts', '--method', 'bicubic')).rejects.toThrow(
    'expected FOLDER with pictures to evaluate on',
  )
})

test('evaluate without pictures says where Set5 and Set14 come from, and into which folders they belong', async () => {
  const folder = await folderOfPictures()
  const { stderr } = await execute('evaluate.ts', folder, [], { code: 2 })
  expect(stderr).toMatch(/SRCNN_v1\.zip at http:\S+SRCNN\.html/)
  expect(stderr).toContain('into ../shared/data/Set5 and ../shared/data/Set14')
})

test('a sub-pixel network is trained, evaluated, reported and promoted under its own name', async () => {
  const folder = await folderOfPictures()
  const run = (script: string, ...args: string[]) => execute(script, folder, args)
  await run(
    'main.ts',
    '--arch',
    'fast',
    '--channels',
    '4',
    '--data',
    'train',
    '--eval',
    'test',
    '--scale',
    '2,3',
    '--steps',
    '4',
    '--batch',
    '2',
    '--patch',
    '19',
    '--backend',
    'onnx-wasm',
  )
  const place = path.join(folder, 'trainer/runs/fast-1')
  const { models } = parseManifest(await readFile(path.join(place, 'manifest.json'), 'utf8'))
  expect(models.map(({ file, architecture }) => [file, architecture])).toEqual([
    ['fast-x2.onnx', '5-3+3-3+3-3+3-3 1-4-4-4-4-4-4-4-4 x2 residual'],
    ['fast-x3.onnx', '5-3+3-3+3-3+3-3 1-4-4-4-4-4-4-4-9 x3 residual'],
  ])
  const { results } = JSON.parse(
    (
      await run(
        'evaluate.ts',
        'test',
        '--models',
        'trainer/runs/fast-1',
        '--method',
        'fast',
        '--scale',
        '3',
        '--input',
        'float',
        '--json',
        '--runtime',
        'web',
      )
    ).stdout,
  ) as { results: { psnr: number }[] }
  expect(results[0].psnr).toBeCloseTo(models[1].scores![0].psnr, 3)
  await run('main.ts', 'report', 'fast-1', '--data', 'test', '--no-sparse')
  expect(await readFile(path.join(place, 'report.html'), 'utf8')).toContain('4 kernels of 5 by 5 weights')
  await run('main.ts', 'promote', 'fast-1', '--force')
  expect(await readdir(path.join(folder, 'models'))).toContain('fast-x3.onnx')

  const other = run(
    'main.ts',
    '--arch',
    'fast',
    '--scale',
    '2',
    '--data',
    'train',
    '--patch',
    '19',
    '--from',
    'models/fast-x3.onnx',
  )
  await expect(other).rejects.toThrow('expected --from weights of 5-3+3-3+3-3+3-3 1-16-')

  const small = ['--arch', 'fast', '--channels', '4', '--scale', '3', '--data', 'train', '--eval', 'test']
  const short = ['--patch', '19', '--batch', '2', '--steps', '1', '--backend', 'onnx-wasm']
  await run('main.ts', ...small, ...short, '--name', 'child', '--from', 'models/fast-x3.onnx')
  await run('main.ts', ...small, ...short, '--name', 'grandchild', '--from', 'trainer/runs/child-1/child-x%.onnx')
  const entriesOf = async (name: string) => {
    const text = await readFile(path.join(folder, `trainer/runs/${name}-1/manifest.json`), 'utf8')
    return parseManifest(text).models
  }
  const [[child], [grandchild]] = [await entriesOf('child'), await entriesOf('grandchild')]
  const [parent] = models.slice(1)
  expect(child.parents).toEqual([{ sha256: parent.sha256, data: parent.data, command: parent.command }])
  expect(grandchild.parents).toEqual([
    { sha256: child.sha256, data: child.data, command: child.command },
    ...child.parents!,
  ])
})

test.each([
  ['--arch fast', 3, 'fast', '5-3+3-3+3-3+3-3 1-16-16-16-16-16-16-16-9 x3 residual', 50],
  ['--arch quality', 4, 'quality', '5-3+3-3+3-3+3-3 1-32-32-32-32-32-32-32-16 x4 residual', 50],
  ['--arch fast --channels 8 --name tiny --patch 30', 2, 'tiny', '5-3+3-3+3-3+3-3 1-8-8-8-8-8-8-8-4 x2 residual', 30],
  ['--arch 5-3+3-3 --channels 6 --sub-pixel', 2, 'sub-pixel', '5-3+3-3 1-6-6-6-4 x2 residual', 42],
  ['--arch 3+3-3 --channels 3,3 --colour rgb', 2, 'srcnn', '3+3-3 3-3-3-3 residual', 33],
  ['--arch srcnn', 3, 'srcnn', '9-1-5 1-64-32-1 residual', 33],
  ['--preset paper', 3, 'srcnn', '9-1-5 1-64-32-1', 33],
  ['', 3, 'fast', '5-3+3-3+3-3+3-3 1-16-16-16-16-16-16-16-9 x3 residual', 50],
])('the options "%s" at x%d train the model %s', (line, scale, name, architecture, patch) => {
  const config = parseTrainConfig(parseTrainArguments(['--data', '.', ...line.split(' ').filter(Boolean)]))
  const task = taskOf(config, scale)
  expect([config.name, describeNetwork(task.network), task.patch]).toEqual([name, architecture, patch])
})

test('no network that --arch names needs more multiplications than SRCNN', () => {
  for (const { architectureAt } of Object.values(FAMILIES)) {
    for (const scale of SCALES) {
      expect(costOf(createNetwork(architectureAt(scale)))).toBeLessThanOrEqual(8032)
    }
  }
})

test('ablate scores every network from 8-bit input, and networks on luma from float input as well', async () => {
  const folder = await folderOfPictures()
  await cp(path.join(folder, 'test'), path.join(folder, '../shared/data/Set5'), { recursive: true })
  const { stdout } = await execute('main.ts', folder, [
    'ablate',
    '--only',
    '9-1-5,rgb',
    '--data',
    'train',
    '--steps',
    '1',
  ])
  expect(stdout).toMatch(/^variant +weights +steps +validation +Set5 +Set5 8-bit +Set14 +paper's Set5$/m)
  expect(stdout).toMatch(/^9-1-5 +9-1-5 1-64-32-1 residual +1 +\d\d\.\d\d +\d\d\.\d\d +\d\d\.\d\d +- +32\.52$/m)
  expect(stdout).toMatch(/^rgb +9-1-5 3-64-32-3 residual +1 +\d\d\.\d\d +- +\d\d\.\d\d +- +32\.33 +red/m)
})

test('a run stopped by Ctrl-C and continued by --resume writes the same file as an uninterrupted run', async () => {
  const folder = await folderOfPictures()
  const options = [
    '--data',
    'train',
    '--eval',
    'test',
    '--scale',
    '3',
    '--steps',
    '80',
    '--batch',
    '2',
    '--arch',
    'srcnn',
    '--channels',
    '8,4',
    '--backend',
    'onnx-wasm',
  ]
  await execute('main.ts', folder, [...options, '--run', 'whole'])

  const stopped = await execute('main.ts', folder, options, { interruptAt: '80 steps', code: 130 })
  const step = Number(/stopped at step (\d+) of 80/.exec(stopped.stdout)?.[1])
  expect(step).toBeLessThan(80)
  await execute('main.ts', folder, ['--resume', '--run', 'srcnn-1'])
  const read = (run: string) => readFile(path.join(folder, 'trainer/runs', run, 'srcnn-x3.onnx'))
  expect(await read('srcnn-1')).toEqual(await read('whole'))

  const other = execute('main.ts', folder, ['--resume', '--seed', '2'])
  await expect(other).rejects.toThrow('expected --resume without --seed, because a run keeps its options')
})

test.each([
  ['--foo 1', 'expected one of --data, --even, --validate'],
  ['--step 5', 'got --step; did you mean --steps?'],
  ['--steps', 'expected --steps N, got no value'],
  ['--steps --seed', 'expected --steps N, got no value'],
  ['--steps 1.5', 'expected --steps to be an integer from 1 to 2147483647, got "1.5"'],
  ['--steps 5 --minutes 5', 'expected --steps or --minutes, got both'],
  ['--steps 5 --steps 6', 'expected --steps once, got it twice'],
  ['--resume=yes', 'expected no value for --resume, got "yes"'],
  ['--scale 5', 'expected --scale to be one of 2, 3, 4, got "5"'],
  ['--scale 2,2', 'expected --scale to name each thing once'],
  ['--arch 9-1-1-5', 'expected --channels to name one width between each two of 4 layers, got 64,32'],
  ['--arch 9-2-5', 'expected --arch with odd kernel sides, got 2'],
  [
    '--arch qualty',
    'expected --arch to be srcnn, fast, quality or kernel sides like 9-3-5, got "qualty"; did you mean quality?',
  ],
  ['--arch fast --patch 18', 'expected --patch to be an integer from 19 to 512, got "18"'],
  ['--arch fast --preset paper', 'expected --preset paper without a network on the small picture'],
  ['--arch fast --channels 8,8', 'between each two of 8 layers, got 8,8'],
  [
    '--arch 5-3+3 --channels 8,4',
    'expected --arch and --channels to describe a valid network: layer 3: expected a skip over two layers',
  ],
  ['--patch 18', 'expected --patch to be an integer from 19 to 512, got "18"'],
  ['--colour red', 'expected --colour to be one of luma, rgb, got "red"'],
  ['--colour rgb --upload s3', 'expected --colour luma with --upload, because the worker serves only luma, got rgb'],
  ['--uint8 2', 'expected --uint8 to be a number from 0 to 1, got "2"'],
  ['--backend gpu', 'expected --backend to be one of auto, onnx-cpu'],
  ['--degrade blurry', 'expected --degrade to be clean, jpeg or jpeg:LOW-HIGH'],
  ['--preset fast', 'expected --preset to be one of paper, got "fast"'],
  ['--eval nowhere', 'expected --eval to name folders that exist, got "nowhere"'],
  ['--name X', 'expected --name to begin with a-z and to hold only a-z, 0-9 and dashes, got "X"'],
  ['T91', 'expected only options, got "T91"'],
])('the command line "%s" is refused: %s', (line, message) => {
  const parse = () => {
    const given = parseTrainArguments(['--data', '.', ...line.split(' ')])
    parseExecutionOptions(given)
    return parseTrainConfig(given)
  }
  expect(parse).toThrow(UsageError)
  expect(parse).toThrow(message)
})

test('the command in the manifest repeats the given options and holds no path', () => {
  const line = '--data ./trainer,./test --arch 9-3-5 --no-residual --seed 7 --uint8 0.5 --minutes 5 --workers 1'
  const given = parseTrainArguments(line.split(' '))
  const command = commandOf(given, 4, 1234)
  expect(command).toBe(
    'npm run trainer -- --scale 4 --steps 1234 --arch 9-3-5 --data trainer,test --no-residual --seed 7 --uint8 0.5',
  )
  const again = parseTrainConfig(parseTrainArguments(command.split(' ').slice(4)))
  expect(again.architectures.get(4)).toEqual(parseTrainConfig(given).architectures.get(4))
})

test('--preset paper is the published recipe', () => {
  const config = parseTrainConfig(parseTrainArguments(['--preset', 'paper', '--data', '.']))
  expect(config.architectures.get(3)).toMatchObject({ kernels: [9, 1, 5], widths: [64, 32], residual: false })
  expect(config.patches.get(3)).toBe(33)
  expect(config).toMatchObject({
    sampling: 'grid',
    initialisation: 0.001,
    optimizer: 'sgd',
    rate: 1e-4,
    course: 'constant',
    loss: 'square',
    rateFor: 'euclidean',
    batch: 128,
  })
})

test('on a terminal the progress of training rewrites a single line, and elsewhere it adds lines', () => {
  const write = (isTTY: boolean) => {
    let text = ''
    const stream = { isTTY, write: (part: string) => ((text += part), true) }
    const progress = createTrainingProgress('x3', { first: 0, steps: 2, batch: 4 }, stream)
    progress.update(1, 0.01)
    progress.validated(30.5, 30.392)
    progress.update(2, 0.001)
    progress.end()
    return text
  }
  expect(write(false)).toMatch(
    /^x3 +100 % {2}step 2\/2 {2}loss 5.500e-3 {2}30.50 dB \(\+0.11 to bicubic\) {2}\d+ patches\/s {2}0:00 left\n$/,
  )
  expect(write(true)).toMatch(/\rx3 \[#{20}\] 100 %.*\n$/s)
})

test.each([
  [0, '0:00'],
  [59.2, '1:00'],
  [754, '12:34'],
  [3661, '1:01:01'],
])('%d seconds are shown as %s', (seconds, text) => {
  expect(formatSeconds(seconds)).toBe(text)
})

/** Creates the folders `train` and `test` with a few small PNG files each. */
async function folderOfPictures(): Promise<string> {
  // The pictures go into `here` inside a new, otherwise empty folder, so that ../shared does not exist.
  const folder = path.join(await mkdtemp(path.join(tmpdir(), 'trainer-')), 'here')
  const codec = createCodec(await loadCodecModules())
  for (const [set, seeds] of [
    ['train', [1, 2, 3, 4, 5]],
    ['test', [6]],
  ] as const) {
    await mkdir(path.join(folder, set), { recursive: true })
    for (const seed of seeds) {
      const bytes = await codec.encode(drawPicture(64, 60, seed), { format: 'png', quality: 100 })
      await writeFile(path.join(folder, set, `${seed}.png`), bytes)
    }
  }
  return folder
}

/** Runs one of the trainer's scripts in `cwd`. Rejects with the script's stderr unless it exits with `code`. */
function execute(
  script: string,
  cwd: string,
  args: string[],
  { interruptAt, code = 0 }: { interruptAt?: string; code?: number } = {},
): Promise<{ stdout: string; stderr: string }> {
  const loader = pathToFileURL(path.join(ROOT, 'node_modules/tsx/dist/loader.mjs')).href
  const file = path.join(ROOT, 'trainer', script)
  const child = spawn(process.execPath, ['--import', loader, file, ...args], { cwd })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const isDue = interruptAt !== undefined && !stdout.includes(interruptAt)
    stdout += text
    if (isDue && stdout.includes(interruptAt)) child.kill('SIGINT')
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  return new Promise((resolve, reject) => {
    child.on('close', (status) => {
      if (status === code) resolve({ stdout, stderr })
      else reject(new Error(`exit code ${status}: ${stderr}`))
    })
  })
}
