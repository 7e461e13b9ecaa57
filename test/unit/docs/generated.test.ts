// Documentation that is made of the source is current. `npm run docs` makes it again.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { GENERATED } from '../../support/docs/generated.ts'

test.each(Object.entries(GENERATED))('%s is what `npm run docs` writes', (file, make) => {
  expect(readFileSync(join(import.meta.dirname, '../../..', file), 'utf8')).toBe(make())
})
