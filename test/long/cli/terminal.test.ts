// Tests what the processes print about files and servers whose names and answers contain control sequences.
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runCli } from '../../support/process/cli.ts'
import { type FakeOrigin, startOrigin } from '../../support/servers/origin.ts'

const NAME = '\u001b]0;owned\u0007\u009b2J\u202e\nforged.png: done'
/** Everything that a terminal obeys, except the end of a line. */
const OBEYED = /[^\P{Cc}\n]|[\p{Bidi_Control}\u2028\u2029]/u

let folder: string
let origin: FakeOrigin
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'terminal-'))
  await mkdir(join(folder, 'in'))
  const picture = sharp({ create: { width: 8, height: 8, channels: 3, background: '#456' } })
  await writeFile(join(folder, 'in', `${NAME}.png`), await picture.png().toBuffer())
  origin = await startOrigin()
})
afterAll(async () => {
  await origin.close()
  await rm(folder, { recursive: true })
})

test('upscale makes a file whose name has control characters under its real name, and prints the name on one line', async () => {
  const args = ['upscale', 'in', `missing${NAME}`, '-o', 'out', '-s', '2']
  const { code, stdout, stderr } = await runCli(args, { cwd: folder })
  expect(code).toBe(1)
  expect(await readdir(join(folder, 'out'))).toEqual([`${NAME}-x2.png`])
  expect(stdout + stderr).not.toMatch(OBEYED)
  expect(stdout.trimEnd().split('\n').length).toBe(2)
  expect(stdout).toContain('in/\\u001b]0;owned\\u0007\\u009b2J\\u202e\\nforged.png: done.png: done, out/')
})

test('the lines of --json contain no control character, and have the real names', async () => {
  const { stdout } = await runCli(['upscale', 'in', '-o', 'json', '--json', '-s', '2'], { cwd: folder })
  expect(stdout).not.toMatch(OBEYED)
  expect(JSON.parse(stdout)).toMatchObject({ input: `in/${NAME}.png`, output: `json/${NAME}-x2.png`, outcome: 'done' })
})

test('a wrong command line is reported on one line, whatever it contains', async () => {
  const { code, stdout, stderr } = await runCli([NAME])
  expect([code, stdout]).toEqual([2, ''])
  expect(stderr).not.toMatch(OBEYED)
  expect(stderr).toMatch(/^expected one of .*\nSee --help\.\n$/)
})

test('the message of a server is printed on one line, whatever it contains', async () => {
  const answer = JSON.stringify({ error: { message: NAME } })
  origin.handle('/_sr/purge', (_, response) => response.writeHead(403).end(answer))
  origin.handle('/cat.jpg', (_, response) => response.writeHead(403).end(answer))
  const env = { SR_PURGE_SECRET: 'x'.repeat(32) }
  const all = [
    await runCli(['purge', `${origin.url}/cat.jpg`, '--worker', `${origin.url}/_sr/`], { env }),
    await runCli(['warm', '-'], { stdin: `${origin.url}/cat.jpg\n` }),
  ]
  for (const { code, stdout, stderr } of all) {
    expect(code).toBe(1)
    expect(stdout + stderr).not.toMatch(OBEYED)
    expect(stdout + stderr).not.toMatch(/^forged/m)
    expect(stdout + stderr).toContain('owned')
  }
})
