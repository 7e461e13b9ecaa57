// Tests `edge-srcnn upscale`: which results it makes, which pictures it leaves out, which files it keeps, and its exit
// code.
import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import sharp from 'sharp'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { runUpscale, type StartThread } from '../../../worker/cli/commands/upscale.ts'
import { describeError, UsageError } from '../../../worker/terminal/arguments.ts'
import { createUpscaleReport } from '../../../worker/cli/upscale/upscaleReport.ts'
import { createThread } from '../../../worker/cli/upscale/threads.ts'
import { writeWhole } from '../../../worker/terminal/wholeFile.ts'
import { canRunCliAs, runCli } from '../../support/process/cli.ts'

let folder: string
const at = (name: string) => path.join(folder, name)
const picture = (width = 8, height = 6) => sharp({ create: { width, height, channels: 3, background: '#456' } })

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'upscale-'))
  await mkdir(at('in/sub'), { recursive: true })
  await picture().jpeg().toFile(at('in/a.jpg'))
  await picture().png().toFile(at('in/sub/b.png'))
})
afterEach(async () => {
  vi.restoreAllMocks()
  await rm(folder, { recursive: true })
})

/** Makes pictures on the thread of the test, because a new thread takes half a second to start. */
const here: StartThread = (_, maker) => ({
  make: async (bytes) => maker.make(bytes, await maker.decide(bytes)),
  close: () => Promise.resolve(),
})

interface Line {
  readonly input: string
  readonly outcome: string
  readonly output?: string
  readonly reason?: string
  readonly message?: string
}

async function run(...args: string[]) {
  const lines: Line[] = []
  vi.spyOn(console, 'log').mockImplementation((text: string) => void lines.push(JSON.parse(text) as Line))
  vi.spyOn(process.stderr, 'write').mockReturnValue(true)
  const words = args.map((arg) => (/^(in|out)\b/.test(arg) ? at(arg) : arg))
  const code = await runUpscale([...words, '--json', ...(args.includes('--jobs') ? [] : ['--jobs', '2'])], here)
  vi.restoreAllMocks()
  const byName = lines.toSorted((a, b) => (a.input < b.input ? -1 : 1))
  return { code, lines: byName, outcomes: byName.map(({ input, outcome }) => [path.relative(folder, input), outcome]) }
}

const filesIn = async (name: string) => {
  const entries = await readdir(at(name), { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name: file }) => path.relative(at(name), path.join(parentPath, file)))
    .toSorted()
}

test('a result is written next to its picture, or with --out into the same subfolder of the folder for results', async () => {
  expect((await run('in', '-s', '2')).code).toBe(0)
  expect(await filesIn('in')).toEqual(['a-x2.jpg', 'a.jpg', 'sub/b-x2.png', 'sub/b.png'])
  expect((await run('in', '-o', 'out/new')).code).toBe(0)
  expect(await filesIn('out')).toEqual(['new/a-x3.jpg', 'new/sub/b-x3.png'])
  const { width, height, format } = await sharp(at('out/new/a-x3.jpg')).metadata()
  expect([width, height, format]).toEqual([24, 18, 'jpeg'])
})

test('a result has the format that the file name in --out says', async () => {
  expect((await run('in/a.jpg', '-o', 'out/cat.webp', '--width', '12')).code).toBe(0)
  const { width, format } = await sharp(at('out/cat.webp')).metadata()
  expect([width, format]).toEqual([12, 'webp'])
})

test.each(['jpeg', 'webp'])('a %s has any quality from 1 to 100', async (format) => {
  await picture(64, 48)
    .composite([{ input: { text: { text: 'any', rgba: true } } }])
    .png()
    .toFile(at('in/text.png'))
  const sizes: number[] = []
  for (const quality of ['1', '33', '87', '100']) {
    expect((await run('in/text.png', '-o', `out/${quality}.${format}`, '--quality', quality)).code).toBe(0)
    sizes.push((await stat(at(`out/${quality}.${format}`))).size)
  }
  expect(sizes).toEqual(sizes.toSorted((a, b) => a - b))
  expect(new Set(sizes).size).toBe(4)
})

test('a result that exists already is kept, unless --force is given', async () => {
  await run('in', '-o', 'out')
  const first = await readFile(at('out/a-x3.jpg'))
  await writeFile(at('out/a-x3.jpg'), 'mine')
  await rm(at('out/sub/b-x3.png'))
  const again = await run('in', '-o', 'out')
  expect([again.code, again.outcomes]).toEqual([
    0,
    [
      ['in/a.jpg', 'exists'],
      ['in/sub/b.png', 'done'],
    ],
  ])
  expect(await readFile(at('out/a-x3.jpg'), 'utf8')).toBe('mine')
  await run('in', '-o', 'out', '--force')
  expect(await readFile(at('out/a-x3.jpg'))).toEqual(first)
})

describe('pictures that cannot be enlarged', () => {
  beforeEach(async () => {
    await writeFile(at('in/page.png'), '<!doctype html>')
    await writeFile(at('in/empty.jpg'), '')
    const whole = await readFile(at('in/a.jpg'))
    await writeFile(at('in/cut.jpg'), whole.subarray(0, 100))
    await picture(20, 20).tiff().toFile(at('in/print.tiff'))
    await picture(40, 40).jpeg().toFile(at('in/large.jpg'))
  })
  const REASONS = [
    ['cut.jpg', 'DAMAGED'],
    ['empty.jpg', 'NOT_AN_IMAGE'],
    ['large.jpg', 'SOURCE_PIXELS'],
    ['page.png', 'NOT_AN_IMAGE'],
    ['print.tiff', 'FORMAT'],
  ]

  test('are left out with a reason, and the exit code is 0', async () => {
    const { code, lines } = await run('in', '-o', 'out', '--max-pixels', '1000')
    const skipped = lines.filter(({ outcome }) => outcome === 'skipped')
    expect([code, skipped.map(({ input, reason }) => [path.basename(input), reason])]).toEqual([0, REASONS])
    expect(skipped[1].message).toBe('no known image format')
    expect(skipped[2].message).toBe('the picture is larger than --max-pixels 1000 allows')
    expect(await filesIn('out')).toEqual(['a-x3.jpg', 'sub/b-x3.png'])
  })

  test('are copied to the results if --copy-skipped is given', async () => {
    const { code } = await run('in', '-o', 'out', '--max-pixels', '1000', '--copy-skipped')
    expect(code).toBe(0)
    expect(await readFile(at('out/print-x3.tiff'))).toEqual(await readFile(at('in/print.tiff')))
    expect((await filesIn('out')).length).toBe(7)
  })

  test('are left out with the reason SAME_SIZE, as in the worker, if they have the requested size', async () => {
    const { lines } = await run('in/a.jpg', '--width', '8')
    expect(lines[0].reason).toBe('SAME_SIZE')
  })
})

describe('upscale', () => {
  test.each([
    ['a missing file', ['in/nope.jpg'], 'there is no such file or folder (ENOENT)'],
    ['a result that is the input', ['in/a.jpg', '-o', 'in/a.jpg', '--force'], 'which is an input'],
    ['a result that is another input', ['in/a.jpg', 'in/a-x3.jpg', '--force'], 'which is an input'],
    ['two inputs with the same result', ['in', 'in/a.png', '--format', 'webp'], 'which is the result of'],
    ['a file where a folder is needed', ['in/a.jpg', '-o', 'in/sub/b.png/out'], 'ENOTDIR'],
  ])('reports %s, changes no file, and exits with 1', async (_, args, message) => {
    await picture(9, 9).png().toFile(at('in/a.png'))
    await copyFile(at('in/a.jpg'), at('in/a-x3.jpg'))
    const before = await Promise.all(['a.jpg', 'a-x3.jpg'].map((name) => readFile(at(`in/${name}`))))
    const { code, lines } = await run(...args)
    expect(code).toBe(1)
    expect(lines.filter(({ outcome }) => outcome === 'failed').map((line) => line.message)).toEqual([
      expect.stringContaining(message),
    ])
    expect(await Promise.all(['a.jpg', 'a-x3.jpg'].map((name) => readFile(at(`in/${name}`))))).toEqual(before)
    expect((await filesIn('in')).filter((name) => name.endsWith('.part'))).toEqual([])
  })

  test('replaces a symbolic link with the result, and does not change the file to which the link leads', async () => {
    await symlink(at('in/a.jpg'), at('in/link.jpg'))
    const before = await readFile(at('in/a.jpg'))
    await run('in/a.jpg', '-o', 'in/link.jpg', '--force')
    expect(await readFile(at('in/a.jpg'))).toEqual(before)
    expect((await sharp(at('in/link.jpg')).metadata()).width).toBe(24)
  })

  test('leaves no temporary file if the file cannot be renamed to its final name', async () => {
    await mkdir(at('out/taken.jpg'), { recursive: true })
    const writing = writeWhole(at('out/taken.jpg'), new Uint8Array(3))
    await expect(writing).rejects.toThrow(/^EISDIR: .*taken.jpg/)
    await expect(writing).rejects.not.toThrow('.part')
    expect(await readdir(at('out'))).toEqual(['taken.jpg'])
  })

  test('a thread tells how much of a picture is made', async () => {
    const wish = { size: { scale: 2 }, format: 'source', quality: 85, model: 'bicubic' } as const
    const thread = createThread({ engine: 'fused', makerOptions: { wish, maxPixels: 5e6 } })
    const file = await picture(1200, 1800).jpeg().toBuffer()
    const shares: number[] = []
    const made = await thread.make(new Uint8Array(file), (share) => shares.push(share))
    await thread.close()
    expect((await sharp(made).metadata()).width).toBe(2400)
    expect(shares.length).toBeGreaterThan(2)
    expect(shares).toEqual(shares.toSorted((a, b) => a - b))
    expect(shares.at(-1)).toBe(1)
  })

  test('reports a picture whose thread crashes, and makes the next picture on a new thread', async () => {
    const wish = {
      size: { scale: 5 as 4 },
      format: 'source',
      quality: 85,
      model: 'none',
    } as const
    const thread = createThread({ engine: 'fused', makerOptions: { wish, maxPixels: 100 } })
    const failure = () => thread.make(new Uint8Array(3), () => {}).catch((error: unknown) => describeError(error))
    for (let i = 0; i < 2; i++) {
      expect(await failure()).toContain('a bug of ours: sr-model must be one of')
    }
    await thread.close()
    expect(await failure()).toBe('a bug of ours: its thread is closed')
  })
})

test.each([
  ['', 'expected INPUT, got nothing'],
  ['in -s 5', 'expected --scale to be one of 2, 3, 4, got "5"'],
  ['in -s 3 --width 640', 'expected --scale or --width, got both'],
  ['in --widht 640', 'did you mean --width?'],
  ['in --width 0', 'expected --width to be an integer from 1 to 16000'],
  ['in --format gif', 'expected --format to be one of source, jpeg, png, webp, got "gif"'],
  ['in --quality 0', 'expected --quality to be an integer from 1 to 100, got "0"'],
  ['in --quality 101', 'expected --quality to be an integer from 1 to 100, got "101"'],
  ['in --quality 87.5', 'expected --quality to be an integer from 1 to 100, got "87.5"'],
  ['in --model fats', '--model must be one of auto, bicubic, fast'],
  ['in --engine tensorflow', 'expected --engine to be one of fused, ort, webgpu, reference'],
  ['in --jobs 0', 'expected --jobs to be an integer from 1'],
  ['in/a.jpg -o cat.png --format jpeg', 'expected --format and the name of --out to be the same'],
  ['in/a.jpg -o cat.gif', 'expected --out to be a folder, or a file that ends in'],
  ['in -o cat.png', 'expected one picture for the file cat.png'],
  ['in/a.jpg in/sub/b.png -o cat.png', 'expected one picture for the file cat.png'],
])('upscale refuses the arguments "%s": %s', async (line, message) => {
  const running = run(...line.split(' ').filter(Boolean))
  await expect(running).rejects.toThrow(UsageError)
  await expect(running).rejects.toThrow(message)
})

test('all engines make the same picture, to within one level', async () => {
  for (const engine of ['fused', 'reference', 'ort']) {
    const { code } = await run('in/a.jpg', '-o', `out/${engine}.png`, '--engine', engine)
    expect(code).toBe(0)
  }
  const pixelsOf = (name: string) =>
    sharp(at(`out/${name}.png`))
      .raw()
      .toBuffer()
  const fused = await pixelsOf('fused')
  for (const other of [await pixelsOf('reference'), await pixelsOf('ort')]) {
    expect(Math.max(...other.map((value, i) => Math.abs(value - fused[i])))).toBeLessThanOrEqual(1)
  }
})

test('a progress bar is shown only on a terminal, and is erased before each line', () => {
  const write = (isTTY: boolean) => {
    let text = ''
    const stream = { isTTY, write: (part: string) => ((text += part), true) }
    const report = createUpscaleReport(2, false, (line) => (text += `${line}\n`), stream)
    report.tell({ input: 'a.jpg', outcome: 'exists', output: 'a-x3.jpg', seconds: 0 })
    report.tell({ input: 'b.jpg', outcome: 'skipped', reason: 'ANIMATED', message: 'more than one frame', seconds: 0 })
    report.end(false)
    return text
  }
  const lines =
    'a.jpg: there already, a-x3.jpg (--force makes it anew)\nb.jpg: left out, ANIMATED: more than one frame\n'
  expect(write(false)).toMatch(/0 done, 1 there already, 1 left out, 0 failed \(0\.0 s, 0\.0 pictures\/s\)\n$/)
  expect(write(false).startsWith(lines)).toBe(true)
  expect(write(true)).toContain(lines.split('\n')[0])
})

/** User id under which a command runs if the tests run as root, because root itself may read every file. */
const NOBODY = process.getuid?.() === 0 ? 65_534 : undefined

describe('the edge-srcnn process', () => {
  const cli = (args: string[], options = {}) => runCli(args, { cwd: folder, ...options })

  test('leaves no partial files after Ctrl-C, and the same command continues the work', async () => {
    const source = await picture(400, 300).jpeg().toBuffer()
    for (let i = 0; i < 12; i++) await writeFile(at(`in/p${i}.jpg`), source)
    const args = ['upscale', 'in', '-o', 'out', '-s', '4', '--format', 'png', '--jobs', '2']
    const stopped = await cli(args, { interruptAt: 'done' })
    expect(stopped.code).toBe(130)
    const left = Number(/stopped, (\d+) left/.exec(stopped.stderr)?.[1])
    expect(left).toBeGreaterThan(0)
    const files = await filesIn('out')
    expect(files.filter((name) => !name.endsWith('.png'))).toEqual([])
    expect(files.length).toBe(14 - left)
    for (const file of files)
      await sharp(at(`out/${file}`))
        .raw()
        .toBuffer()
    const again = await cli(args)
    // The summary is not always the first line, because a run of more than 15 s prints lines of progress before it.
    const summary = new RegExp(`^${left} done, ${14 - left} there already`, 'm')
    expect([again.code, again.stderr]).toEqual([0, expect.stringMatching(summary)])
  })

  test('finishes its work even if the program that reads its stdout exits', async () => {
    const { code, stderr } = await cli(['upscale', 'in', '-o', 'out'], { closeStdout: true })
    expect([code, stderr]).toEqual([0, expect.stringMatching(/^2 done/m)])
  })

  test.each([
    [['upscale', 'in', '-o', 'out'], 0, ''],
    [['upscale', 'in', 'nope', '-o', 'out'], 1, '2 done, 0 there already, 0 left out, 1 failed'],
    [['upscale', 'in', '-s', '5'], 2, 'expected --scale to be one of 2, 3, 4, got "5"\nSee --help.'],
    [['upscael', 'in'], 2, 'got "upscael"; did you mean upscale?'],
    [['sign', 'https://a.test/?sr=2'], 2, 'expected --key with the id of the secret'],
    [['sign', 'https://a.test/cat.jpg?sr=2', '--key', 'a'], 2, 'expected the secret in the variable SR_SECRET'],
    [['purge', 'https://a.test/cat.jpg'], 2, 'expected --worker https://host/_sr/ or the variable SR_WORKER'],
    [['purge', '--model', 'fast'], 2, 'expected --worker https://host/_sr/ or the variable SR_WORKER'],
    [['purge', 'https://a.test/cat.jpg', '--worker', 'https://b.test/_sr/'], 2, 'the variable SR_PURGE_SECRET'],
    [['purge', 'https://a.test/cat.jpg', '--worker', 'b.test'], 2, 'to be like https://host/_sr/, got "b.test"'],
    [['purge', 'cat.jpg', '--worker', 'https://b.test/_sr/'], 2, 'expected an absolute URL, got "cat.jpg"'],
    [['purge'], 2, 'expected URLs or --model, got neither'],
    [['warm'], 2, 'expected SOURCE, got nothing'],
    [['warm', 'nope.xml'], 1, 'ENOENT'],
  ])('with the arguments %j exits with code %d', async (args, code, message) => {
    const ended = await cli(args)
    expect([ended.code, ended.stderr]).toEqual([code, expect.stringContaining(message)])
  })

  test('does not send a secret over http', async () => {
    const env = { SR_PURGE_SECRET: 'x'.repeat(32), SR_WORKER: 'http://a.test/_sr/' }
    const { code, stderr } = await cli(['purge', 'https://a.test/cat.jpg'], { env })
    expect([code, stderr]).toEqual([2, expect.stringContaining('expected an https URL')])
  })

  // If the tests run as root, this test runs the command as another user, who must be able to read the repository.
  const isRunnable = NOBODY === undefined || canRunCliAs(NOBODY)
  test.skipIf(!isRunnable)('reports a folder that it may not read, and enlarges the other pictures', async () => {
    await Promise.all([chmod(folder, 0o777), chmod(at('in/sub'), 0)])
    const { code, stdout } = await cli(['upscale', 'in', '-o', 'out'], { uid: NOBODY })
    await chmod(at('in/sub'), 0o755)
    expect([code, stdout]).toEqual([
      1,
      expect.stringContaining('in/sub: failed, it may not be read or written (EACCES)'),
    ])
    expect(await filesIn('out')).toEqual(['a-x3.jpg'])
  })

  test.skipIf(!isRunnable)('names the result, and not the picture, if the result may not be written', async () => {
    await Promise.all([chmod(folder, 0o777), mkdir(at('locked'), { mode: 0o555 }), chmod(at('in'), 0o555)])
    const { code, stdout } = await cli(['upscale', 'in/a.jpg', '-o', 'locked/a.jpg'], { uid: NOBODY })
    expect([code, stdout]).toEqual([1, 'in/a.jpg: failed, locked/a.jpg: it may not be read or written (EACCES)\n'])
    const beside = await cli(['upscale', 'in/a.jpg'], { uid: NOBODY })
    await chmod(at('in'), 0o755)
    expect(beside.stdout).toBe('in/a.jpg: failed, in/a-x3.jpg: it may not be read or written (EACCES)\n')
  })

  test('gives a result the same permissions as other new files', async () => {
    await cli(['upscale', 'in/a.jpg'])
    const [made, other] = await Promise.all([stat(at('in/a-x3.jpg')), stat(at('in/sub/b.png'))])
    expect(made.mode).toBe(other.mode)
  })
})
