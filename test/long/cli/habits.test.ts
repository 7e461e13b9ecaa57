// Tests what users expect of any command line: help and version, quiet runs, pipes, URLs, and progress on a terminal.
import { execFile, execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type CliOptions, cliCommand, runCli } from '../../support/process/cli.ts'

let folder: string
let jpeg: Buffer
let png: Buffer
/** The file that the command makes of `jpeg` at x2. */
let larger: Buffer
const at = (name: string) => path.join(folder, name)
const cli = (args: string, options: CliOptions = {}) => runCli(args.split(' '), { cwd: folder, ...options })

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'habits-'))
  const picture = sharp({ create: { width: 24, height: 18, channels: 3, background: '#456' } })
  ;[jpeg, png] = [await picture.jpeg().toBuffer(), await picture.png().toBuffer()]
  await writeFile(at('cat.jpg'), jpeg)
  expect((await cli('upscale cat.jpg -s 2 -o made.jpg')).code).toBe(0)
  larger = await readFile(at('made.jpg'))
})
afterAll(() => rm(folder, { recursive: true }))

describe('help', () => {
  test('of the program is printed by --help, -h, help and no argument, and lists every command', async () => {
    const { stdout, code } = await cli('--help')
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^ {2}upscale .*\n {2}sign .*\n {2}purge .*\n {2}warm /m)])
    const others = await Promise.all([['-h'], ['help'], []].map((args) => runCli(args)))
    expect(others.map((other) => other.stdout)).toEqual([stdout, stdout, stdout])
  })

  test('of a command is printed by --help, -h and help COMMAND', async () => {
    const { stdout, code } = await cli('upscale --help')
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^edge-srcnn upscale INPUT[^]*-h, --help/)])
    const others = await Promise.all(['upscale cat.jpg -s 9 -h', 'help upscale'].map((args) => cli(args)))
    expect(others.map((other) => other.stdout)).toEqual([stdout, stdout])
  })

  test('of an unknown command is an error that suggests the most similar one', async () => {
    const { code, stderr } = await cli('help upscael')
    expect([code, stderr]).toEqual([2, expect.stringContaining('did you mean upscale?')])
  })

  test('is not asked for by a file named --help that follows --', async () => {
    const { code, stdout } = await cli('upscale -- --help')
    expect([code, stdout]).toEqual([1, expect.stringContaining('--help: failed, there is no such file')])
  })
})

test('-v and --version print the same version', async () => {
  const [short, long] = [await cli('-v'), await cli('--version')]
  expect(short.stdout).toMatch(/^edge-srcnn \d+\.\d+\.\d+, pipeline \d+, kernels fused-\w+, node v\d/)
  expect(long.stdout).toBe(short.stdout)
})

test('with --quiet upscale prints only the pictures that fail, to stderr', async () => {
  const good = await cli('upscale cat.jpg -q -s 2 -o quiet/')
  expect(good).toMatchObject({ code: 0, stdout: '', stderr: '' })
  const mixed = await cli('upscale cat.jpg nope.jpg --quiet -s 3 -o quiet/')
  expect(mixed).toMatchObject({ code: 1, stdout: '' })
  expect(mixed.stderr).toBe('nope.jpg: failed, there is no such file or folder (ENOENT)\n')
  expect(await readdir(at('quiet'))).toEqual(['cat-x2.jpg', 'cat-x3.jpg'])
})

describe('a picture in a pipe', () => {
  test('is read from stdin and written to stdout, with all messages on stderr', async () => {
    for (const args of ['upscale - -s 2', 'upscale - -o - -s 2', 'upscale cat.jpg -o - -s 2 --json']) {
      const { code, bytes, stderr } = await cli(args, { stdin: jpeg })
      expect([args, code, bytes.equals(larger)]).toEqual([args, 0, true])
      expect(stderr).toMatch(/done/)
    }
    expect(existsSync(at('-'))).toBe(false)
  })

  test('has the format of its content, or the one that --format names', async () => {
    const formatOf = async (args: string) => (await sharp((await cli(args, { stdin: png })).bytes).metadata()).format
    expect(await formatOf('upscale - -q')).toBe('png')
    expect(await formatOf('upscale - -o - -q --format webp')).toBe('webp')
  })

  test('is named stdin in a folder, and has any name as a file', async () => {
    expect((await cli('upscale - -s 2 -o piped/', { stdin: jpeg })).stdout).toMatch(
      /^stdin: done, piped\/stdin-x2.jpg /,
    )
    await cli('upscale - -s 2 -o piped/mine.jpg', { stdin: jpeg })
    for (const name of ['stdin-x2.jpg', 'mine.jpg'])
      expect((await readFile(at(`piped/${name}`))).equals(larger)).toBe(true)
  })

  test('that cannot be enlarged is a failure, or passes through with --copy-skipped', async () => {
    const refused = await cli('upscale -', { stdin: 'no picture' })
    expect([refused.code, refused.stdout, refused.stderr]).toEqual([1, '', expect.stringContaining('NOT_AN_IMAGE')])
    const copied = await cli('upscale - --copy-skipped', { stdin: 'no picture' })
    expect([copied.code, copied.stdout]).toEqual([0, 'no picture'])
  })

  test('that nobody reads any more is a failure without a stack trace', async () => {
    const noise = { type: 'gaussian', mean: 128, sigma: 60 } as const // makes a file that no pipe can hold
    const large = await sharp({ create: { width: 500, height: 400, channels: 3, background: '#456', noise } })
      .png()
      .toBuffer()
    const { code, stderr } = await cli('upscale - -s 2 --model bicubic', { stdin: large, closeStdout: true })
    expect([code, stderr]).toEqual([1, expect.stringContaining('stdin: failed, stdout: the program that reads it has')])
    expect(stderr).not.toMatch(/^ +at /m)
  })

  test.each([
    ['upscale cat.jpg made.jpg -o -', 'expected one picture for stdout'],
    ['upscale . -o -', 'expected one picture for stdout'],
    ['upscale - cat.jpg', 'expected --out FOLDER, because the picture of stdin'],
  ])('is refused with the arguments "%s"', async (args, message) => {
    const { code, stdout, stderr } = await cli(args, { stdin: jpeg })
    expect([code, stdout, stderr]).toEqual([2, '', expect.stringContaining(message)])
  })
})

// /proc and /dev/full are those of Linux.
describe.runIf(existsSync('/proc/self') && existsSync('/dev/full'))('where nothing can be written', () => {
  beforeAll(() => symlink('nowhere', at('dangling')))

  test.each([
    ['below /proc', '/proc/nope/larger/', 'no file or folder can be created there'],
    ['a file of /proc', '/proc/nope.jpg', 'no file or folder can be created there'],
    ['below the descriptors of the process', '/dev/fd/larger/', 'no file or folder can be created there'],
    ['below a link that leads nowhere', 'dangling/larger/', 'a part of its path is no folder'],
    ['below a file', 'made.jpg/larger/', 'a part of its path is a file'],
  ])('upscale ends with a message that names the result: %s', async (_, out, message) => {
    for (const more of ['', ' --force']) {
      const { code, stdout } = await cli(`upscale cat.jpg -s 2 -o ${out}${more}`)
      const result = out.endsWith('/') ? `${out}cat-x2.jpg` : out
      expect([code, stdout]).toEqual([1, expect.stringContaining(`cat.jpg: failed, ${result}: ${message}`)])
    }
  })

  test.each(['upscale cat.jpg -s 2 -o -', 'upscale cat.jpg -s 2 -o report/', 'upscale --help', '--version'])(
    '%s ends with a message and without a stack if the disk of its stdout is full',
    async (args) => {
      const words = [...cliCommand(), ...args.split(' ')].map((word) => `'${word}'`).join(' ')
      const { code, stderr } = await promisify(execFile)('sh', ['-c', `${words} > /dev/full`], { cwd: folder }).then(
        (ended) => ({ ...ended, code: 0 }),
        (error: { code: number; stderr: string }) => error,
      )
      expect([code, stderr]).toEqual([1, expect.stringMatching(/^stdout cannot be written: ENOSPC: .*$/m)])
      expect(stderr).not.toMatch(/^ +at /m)
    },
  )
})

describe('the picture of a URL', () => {
  let server: Server
  let origin: string
  const asked: string[] = []

  beforeAll(async () => {
    server = createServer((request, response) => {
      asked.push(`${request.headers['user-agent']}`)
      if (request.url?.startsWith('/missing')) response.writeHead(404).end()
      else if (request.url === '/moved') response.writeHead(302, { location: '/cat.jpg' }).end()
      else if (request.url === '/endless') response.writeHead(200, { 'content-length': '600000000' }).write(jpeg)
      else response.end(jpeg)
    }).listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    await mkdir(at('web'))
  })
  afterAll(() => {
    server.closeAllConnections()
    server.close()
  })

  test('is made under the name in its path, in the working directory or the folder OUT', async () => {
    const { code, stderr } = await cli(`upscale ${origin}/a/cat.jpg?size=big#top ${origin}/moved -s 2`, {
      cwd: at('web'),
    })
    expect([code, stderr]).toEqual([0, expect.stringContaining('2 done')])
    expect((await readdir(at('web'))).toSorted()).toEqual(['cat-x2.jpg', 'moved-x2.jpg'])
    await cli(`upscale ${origin}/..%2f..%2fcat%20one.png -s 2 -o web/out`)
    expect(await readdir(at('web/out'))).toEqual(['_.._cat one-x2.jpg'])
    expect((await readFile(at('web/cat-x2.jpg'))).equals(larger)).toBe(true)
    expect(new Set(asked)).toEqual(new Set([expect.stringMatching(/^edge-srcnn\/\S+ \(upscale\)$/)]))
  })

  test('fails with a message that names it if it is missing, too large or not reachable, and the others are made', async () => {
    const urls = [`${origin}/missing.jpg`, `${origin}/endless`, 'http://127.0.0.1:2/cat.jpg', 'http://a:b@127.0.0.1/x']
    const { code, stdout } = await cli(`upscale ${urls.join(' ')} cat.jpg -o some/`)
    expect([code, await readdir(at('some'))]).toEqual([1, ['cat-x3.jpg']])
    expect(stdout).toContain(`${origin}/missing.jpg answered 404`)
    expect(stdout).toContain(`${origin}/endless has more than 500000000 bytes`)
    expect(stdout).toMatch(/127\.0\.0\.1:2\/cat\.jpg does not answer as expected: .*ECONNREFUSED/)
    expect(stdout).toContain('expected a URL without a name and a password')
    expect(stdout).not.toMatch(/^ +at /m)
  })

  test('fails if another URL has the same name, and a result that exists is kept', async () => {
    const args = `upscale ${origin}/a/dog.jpg ${origin}/b/dog.jpg -o twins/`
    const { code, stdout } = await cli(args)
    expect([code, stdout]).toEqual([
      1,
      expect.stringMatching(/its result would be \S+dog-x3.jpg, which is the result of/),
    ])
    expect((await cli(`upscale ${origin}/a/dog.jpg -o twins/`)).stdout).toContain('there already')
  })
})

// util-linux has `script`, which runs a program in a pseudo-terminal.
const hasScript = (() => {
  try {
    return /util-linux/.test(
      execFileSync('script', ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
    )
  } catch {
    return false
  }
})()

describe.runIf(hasScript)('on a terminal', () => {
  const terminal = async (args: readonly string[], redirect = '') => {
    const words = [...cliCommand(), ...args].map((word) => `'${word}'`).join(' ')
    const options = { cwd: folder, encoding: 'utf8' } as const
    return promisify(execFile)('script', ['-qec', words + redirect, '/dev/null'], options).catch(
      ({ code, stdout }: { code: number; stdout: string }) => ({ code, stdout }),
    )
  }

  test('upscale shows how much of a single picture is made, also if the result goes into a pipe', async () => {
    await sharp(jpeg).resize(2400, 1800).jpeg().toFile(at('large.jpg'))
    const args = ['upscale', 'large.jpg', '-s', '2', '--model', 'bicubic']
    for (const [out, redirect] of [['-', ' > /dev/null'], ['large-x2.jpg']]) {
      const { stdout } = await terminal([...args, '-o', out], redirect)
      const shares = [...stdout.matchAll(/\] +(\d+) % {2}0\/1/g)].map(([, percent]) => Number(percent))
      expect(shares.length).toBeGreaterThan(1)
      expect(shares).toEqual(shares.toSorted((a, b) => a - b))
      expect(shares.some((share) => share > 0 && share < 100)).toBe(true)
    }
    expect((await terminal([...args, '-o', 'again.jpg', '--quiet'])).stdout).toBe('')
  })

  test('upscale does not write a picture to it', async () => {
    const { stdout } = await terminal(['upscale', 'cat.jpg', '-o', '-'])
    expect(stdout).toContain('expected stdout to be a file or a pipe, got a terminal')
  })
})
