// Tests that the generated documentation is up to date. `npm run docs` generates it.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { GENERATED } from '../../support/docs/generated.ts'

test.each(Object.entries(GENERATED))('%s is what `npm run docs` writes', (file, make) => {
  expect(readFileSync(join(import.meta.dirname, '../../..', file), 'utf8')).toBe(make())
})
