// Checks the examples in worker/cli/README.md: all their options exist, and the examples that need no server run.
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import sharp from 'sharp'
import { expect, test } from 'vitest'
import { runCli } from '../../support/process/cli.ts'

interface Example {
  readonly line: string
  readonly args: readonly string[]
  /** The file that the example reads as stdin. */
  readonly stdin: string | undefined
}

const readme = await readFile(new URL('../../../worker/cli/README.md', import.meta.url), 'utf8')
const examples: Example[] = [...readme.matchAll(/^.*\bnpx edge-srcnn (?!COMMAND)(.+)$/gm)].map(([line, rest]) => ({
  line,
  args: wordsOf(rest),
  stdin: / < (\S+)/.exec(rest)?.[1],
}))

/** Splits a line into words as a shell does: quoted text is one word. Drops comments and redirections. */
function wordsOf(text: string): string[] {
  const [before] = text.split(/ [#<>] ?/)
  return [...before.matchAll(/'([^']*)'|\S+/g)].map(([word, quoted]) => quoted ?? word)
}

test('the README has an example of each command, and uses only options that the command has', async () => {
  const named = new Set(examples.map(({ args: [name] }) => name))
  const { stdout } = await runCli(['--help'])
  const commands = [...stdout.matchAll(/^ {2}(\w+)/gm)].map(([, name]) => name)
  expect(commands).toEqual(['upscale', 'sign', 'purge', 'warm'])
  expect([...named]).toEqual(['--version', ...commands])
  for (const name of commands) {
    const help = (await runCli([name, '--help'])).stdout
    expect(help).toMatch(`edge-srcnn ${name} `)
    for (const { line, args } of examples.filter((one) => one.args[0] === name)) {
      for (const option of args.filter((arg) => /^--?\w/.test(arg)))
        expect(help, line).toMatch(new RegExp(`^ .*${option}\\b`, 'm'))
    }
  }
})

test('the examples of upscale and sign in the README run unchanged', async () => {
  const cwd = await mkdtemp(path.join(tmpdir(), 'readme-'))
  await mkdir(path.join(cwd, 'photos/sub'), { recursive: true })
  const picture = sharp({ create: { width: 8, height: 6, channels: 3, background: '#456' } })
  for (const name of ['cat.jpg', 'photos/cat.jpg', 'photos/sub/cat.png']) await picture.toFile(path.join(cwd, name))
  const env = { SR_SECRET: '00112233445566778899aabbccddeeff' }
  for (const { line, args, stdin } of examples.filter((one) => /^(?:upscale|sign)$/.test(one.args[0]))) {
    const input = stdin === undefined ? undefined : await readFile(path.join(cwd, stdin))
    const { code, stderr } = await runCli(args, { cwd, env, stdin: input })
    expect([line, code, stderr]).toEqual([line, 0, expect.not.stringContaining('expected')])
  }
  const made = await readdir(cwd, { recursive: true })
  expect(made).toEqual(
    expect.arrayContaining([
      'cat-x3.jpg',
      'large/cat.webp',
      'large/cat-x3.jpg',
      'large/sub/cat-640w.png',
      'web/sub/cat-x3.webp',
    ]),
  )
  await rm(cwd, { recursive: true })
})
