// Tests that the pages list every option, variable and reason for a skip exactly once, that they name every family of
// weights and state the current values, and that every test and file that they name exists.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { FORMATS, QUALITY, SCALES, SERVED_QUALITIES, SIZES } from '../../../worker/client/allowed.ts'
import { DEFAULTS, TEXT_OPTIONS } from '../../../worker/options.ts'
import { SKIP_REASONS } from '../../../worker/picture/skip.ts'
import { variableOf } from '../../../worker/variables.ts'
import { OPTIONS, VARIABLES, writtenDefault } from '../../support/docs/optionsPage.ts'

const ROOT = join(import.meta.dirname, '../../..')
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8')

/** Returns the cells of every table row of a page. */
function rowsOf(page: string): string[][] {
  const rows = read(page).match(/^\|.*\|$/gm) ?? []
  return rows.map((row) =>
    row
      .slice(1, -1)
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim()),
  )
}

test('the README has at most 8,192 bytes', () => {
  expect(Buffer.byteLength(read('README.md'))).toBeLessThanOrEqual(8192)
})

describe('OPTIONS.md', () => {
  const rows = rowsOf('worker/OPTIONS.md')
  const rowsWith = (column: number, name: string) => rows.filter((cells) => cells[column] === `\`${name}\``)

  test('lists every option exactly once', () => {
    expect(OPTIONS.length).toBeGreaterThanOrEqual(27)
    for (const { name } of OPTIONS) expect(rowsWith(0, name), name).toHaveLength(1)
  })

  test('lists every variable and binding exactly once', () => {
    const names = [...VARIABLES.map(({ name }) => name), ...TEXT_OPTIONS.map(variableOf)]
    expect(names.length).toBeGreaterThanOrEqual(35)
    for (const name of names) expect(rowsWith(1, name), name).toHaveLength(1)
  })

  test.each(Object.keys(DEFAULTS))('states the current default of %s', (option) => {
    const [, , cell] = rowsWith(0, option)[0]
    expect(cell.replaceAll('`', '').replace(/ \(.*\)$/, '')).toBe(writtenDefault(option))
  })

  test('says what each option, variable and binding does', () => {
    for (const cells of rows.slice(2)) expect(cells[4], cells.join()).toMatch(/^.{15,}\.$|^The option `\w+`\.$/)
  })
})

test('ANSWERS.md lists every reason for a skip exactly once', () => {
  const tokens = rowsOf('worker/ANSWERS.md').map(([token]) => token)
  expect(Object.keys(SKIP_REASONS).length).toBeGreaterThanOrEqual(23)
  for (const reason of Object.keys(SKIP_REASONS)) {
    expect(
      tokens.filter((token) => token === `\`${reason}\``),
      reason,
    ).toHaveLength(1)
  }
})

test('the README states the current values and defaults of the parameters', () => {
  const rows = new Map(rowsOf('README.md').map(([name, ...cells]) => [name, cells]))
  const code = (values: readonly (string | number)[]) => values.map((value) => `\`${value}\``).join(' ')
  expect(rows.get('`sr`')?.[0]).toBe(code(SCALES))
  expect(rows.get('`sr-width` `sr-height`')?.[0]).toBe(`${code(SIZES)}; any number in signed URLs`)
  expect(rows.get('`sr-format`')?.slice(0, 2)).toEqual([code([...FORMATS, 'json']), code([DEFAULTS.format])])
  const { least, most, step } = QUALITY
  expect(rows.get('`sr-quality`')).toEqual([
    code(SERVED_QUALITIES),
    code([DEFAULTS.quality]),
    expect.stringContaining(`\`${least}\` to \`${most}\` in steps of ${step} stand for the nearest`),
  ])
})

test('models/README.md names every family of weights', () => {
  const page = read('models/README.md')
  const files = readdirSync(join(ROOT, 'models')).filter((file) => file.endsWith('.onnx'))
  const families = new Set(files.map((file) => file.replace(/-x\d\.onnx$/, '')))
  expect(families.size).toBeGreaterThanOrEqual(7)
  for (const family of families) expect(page).toContain(`\`${family}\``)
})

test('every test that SECURITY.md names exists under this name', () => {
  const named = [...read('SECURITY.md').matchAll(/(test\/[\w/]+\.test\.ts)(?:: "([^"]+)")?/g)]
  expect(named.length).toBeGreaterThan(20)
  for (const [, file, title] of named) expect(read(file), file).toContain(title ?? 'test')
})

/** The paths on a page may be relative to the repository, to worker/ or to the page's own folder. */
test.each([
  'worker/README.md',
  'worker/ANSWERS.md',
  'worker/DEPLOY.md',
  'worker/engine/README.md',
  'models/README.md',
  '.github/CONTRIBUTING.md',
])('every source file that %s names exists', (page) => {
  const named = [...read(page).matchAll(/[\s`(]((?:[\w.]+\/)*\w+(?:\.test)?\.ts)(?=[\s`),:;])/g)].map(
    ([, path]) => path,
  )
  const places = ['', 'worker/', `${dirname(page)}/`]
  const missing = named.filter((path) => !places.some((place) => existsSync(join(ROOT, place, path))))
  expect(missing.filter((path) => !path.includes('NAME'))).toEqual([])
})
