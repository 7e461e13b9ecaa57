// What the README lists is what there is.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const read = (file: string) => readFileSync(new URL(`../../../${file}`, import.meta.url), 'utf8')
const readme = read('README.md')

/** The keys of an object literal or interface in a source file, from a line to the closing brace. */
function keysAfter(file: string, line: string): string[] {
  const source = read(file)
  const from = source.indexOf(line)
  expect(from, `${file} has no "${line}"`).toBeGreaterThan(-1)
  const body = source.slice(from + line.length, source.indexOf('\n}', from))
  return [...body.matchAll(/^ {2}(?:readonly )?(\w+)\??:/gm)].map(([, key]) => key)
}

test.each([
  ['every option', 'worker/options.ts', 'export interface SuperResolutionOptions {', 17],
  ['every reason for a skip', 'worker/picture/skip.ts', 'export const SKIP_REASONS = {', 17],
  ['every binding', 'worker/index.ts', 'interface Env extends OtherVariables {', 9],
  ['every variable', 'worker/variables.ts', 'export interface OtherVariables {', 6],
])('%s is in the README', (_, file, line, least) => {
  const keys = keysAfter(file, line).filter((key) => key !== 'ASSETS')
  expect(keys.length).toBeGreaterThanOrEqual(least - 1)
  for (const key of keys) expect(readme).toContain(`\`${key}\``)
})

test('every limit in the README is the default that is in force', () => {
  const source = read('worker/options.ts') + read('worker/client/allowed.ts')
  for (const [, name, value] of readme.matchAll(/^\| `(max\w+)` \| ([\d,]+) \|/gm)) {
    const digits = value.replaceAll(',', '')
    const isThere = [...source.matchAll(/(\w+)(?::| =) ([\d_]+)/g)].some(
      ([, key, number]) =>
        [name, name.replace(/[A-Z]/g, (c) => `_${c}`).toUpperCase()].includes(key) &&
        number.replaceAll('_', '') === digits,
    )
    expect(isThere, `${name} = ${value}`).toBe(true)
  }
})

test('every test that SECURITY.md names is there, under that name', () => {
  const named = [...read('SECURITY.md').matchAll(/(test\/[\w/]+\.test\.ts)(?:: "([^"]+)")?/g)]
  expect(named.length).toBeGreaterThan(20)
  for (const [, file, title] of named) expect(read(file), file).toContain(title ?? 'test')
})
