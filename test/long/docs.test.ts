// Checks every page of documentation: each link leads to a file and a heading, each command and option exists, and the
// example of signing runs. (Other tests run the examples of embedded pages and of the command line.)
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { globSync } from 'tinyglobby'
import { expect, test } from 'vitest'
import { REPOSITORY } from '../../worker/package/places.ts'

/**
 * All Markdown files. They are found by their extension, not listed by git, so that the tests also pass in a folder
 * without .git.
 */
const PAGES = globSync('**/*.md', {
  cwd: REPOSITORY,
  dot: true, // .github/
  ignore: ['**/node_modules', '**/dist', '**/runs', '**/.wrangler', '.git'],
})
  .map((page) => page.replaceAll('\\', '/'))
  .toSorted()
const { scripts } = JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>
}
const textOf = (page: string) => readFileSync(join(REPOSITORY, page), 'utf8')

/** Returns the anchors that GitHub makes from a page's headings. */
function anchorsOf(page: string): string[] {
  const titles = [...textOf(page).matchAll(/^#+ (.+)$/gm)].map(([, title]) => title)
  return titles.map((title) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

test('the pages of documentation are found', () => {
  expect(PAGES).toEqual(expect.arrayContaining(['README.md', 'SECURITY.md', 'test/README.md', 'worker/README.md']))
})

test.each(PAGES)('every link in %s leads to a file and a heading that exist', (page) => {
  for (const [, target] of textOf(page).matchAll(/\]\((?!https?:)([^)\s]+)\)/g)) {
    const [path, anchor] = target.split('#')
    const file = path === '' ? page : join(dirname(page), path)
    expect(existsSync(join(REPOSITORY, file)), `${target} in ${page}`).toBe(true)
    if (anchor) expect(anchorsOf(file), `${target} in ${page}`).toContain(anchor)
  }
})

/** A command that a page contains in a code block or in a line of text. */
interface Written {
  readonly page: string
  /** The command without its arguments, for example `npm run trainer report`. Its `--help` lists the options. */
  readonly words: readonly string[]
  readonly options: readonly string[]
}

/** Words of a command that are names of sub-commands, not arguments. */
const SUB_COMMANDS =
  /^(train|report|promote|upload|list|ablate|upscale|sign|purge|warm|r2|bucket|lifecycle|create|add|deploy|rollback|secret|put|login)$/

function writtenIn(page: string): Written[] {
  const joined = textOf(page).replace(/\\\n\s*/g, ' ')
  const inText = [...joined.replace(/```[\s\S]*?```/g, '').matchAll(/`([^`]+)`/g)].map(([, code]) =>
    code.replaceAll('\n', ' '),
  )
  const inBlocks = [...joined.matchAll(/```sh\n([\s\S]*?)```/g)].flatMap(([, block]) => block.split('\n'))
  return [...inBlocks, ...inText].flatMap((line) => {
    const found = /\b(npm run [\w:]+|npx wrangler|npx edge-srcnn)\b(?: --(?= ))?(.*)/.exec(line.split(' # ')[0])
    if (!found) return []
    const rest = found[2].trim().split(/\s+/).filter(Boolean)
    const after = rest.findIndex((word) => !SUB_COMMANDS.test(word))
    const names = rest.slice(0, after < 0 ? rest.length : after)
    const options = rest.filter((word) => /^--[a-z]/.test(word)).map((word) => word.split('=')[0])
    return [{ page, words: [...found[1].split(' '), ...names], options }]
  })
}

const written = PAGES.flatMap(writtenIn)

test('every script that a page names is in package.json', () => {
  const names = written.filter(({ words }) => words[0] === 'npm').map(({ page, words }) => [page, words[2]])
  expect(names.length).toBeGreaterThan(30)
  expect(names.filter(([, name]) => !Object.hasOwn(scripts, name))).toEqual([])
})

/** Commands whose options are checked against their `--help`: ours and wrangler's. */
const WITH_HELP = /^(npm run (trainer|evaluate|bench|soak|fuzz|cli)|npx wrangler|npx edge-srcnn)\b/

function helpOf(words: readonly string[]): string {
  const [program, ...rest] = words
  const [command, args] =
    program === 'npx' && rest[0] === 'edge-srcnn'
      ? ['npx', ['tsx', 'worker/cli/main.ts', ...rest.slice(1), '--help']]
      : program === 'npx'
        ? ['npx', [...rest, '--help']]
        : ['npm', ['run', '--silent', rest[1], '--', ...rest.slice(2), '--help']]
  const env = { ...process.env, WRANGLER_SEND_METRICS: 'false' }
  return execFileSync(command, args, { cwd: REPOSITORY, encoding: 'utf8', env })
}

const commands = new Map<string, Written[]>()
for (const one of written) {
  const name = one.words.join(' ')
  if (one.options.length > 0 && WITH_HELP.test(name)) commands.set(name, [...(commands.get(name) ?? []), one])
}

test.each([...commands])(
  'every option that a page uses with %s is in the help of that command',
  (_, uses) => {
    const help = helpOf(uses[0].words)
    for (const { page, options } of uses) {
      for (const option of options) expect(help, `${option} in ${page}`).toMatch(new RegExp(`${option}\\b`))
    }
  },
  60_000,
)

test('the documented example of signing prints a signed URL', () => {
  const [, code] = /```ts\n(import \{ signUrl \}[\s\S]*?)```/.exec(textOf('worker/ANSWERS.md')) ?? []
  expect(code).toBeDefined()
  const folder = join(REPOSITORY, 'dist/docs')
  mkdirSync(folder, { recursive: true })
  try {
    const call = code.slice(code.indexOf('await signUrl'))
    const file = join(folder, 'sign.mts')
    writeFileSync(
      file,
      `import { signUrl } from 'edge-srcnn/sign'\nconst secret = '0'.repeat(32)\nconsole.log(${call})`,
    )
    const printed = execFileSync('npx', ['tsx', file], { cwd: REPOSITORY, encoding: 'utf8' })
    expect(printed.trim()).toMatch(/^https:\/\/img\.example\/cat\.jpg\?sr=3&sr-key=a&sr-exp=\d+&sr-sig=[\w-]{43}$/)
  } finally {
    rmSync(folder, { recursive: true })
  }
}, 60_000)
