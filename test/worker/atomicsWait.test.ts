import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { REPOSITORY } from '../../worker/package/places.ts'

test('miniflare still has the version for which test/support/worker/atomicsWait.ts was written', () => {
  const { devDependencies } = JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8')) as {
    devDependencies: Record<string, string>
  }
  // If the new version has the fix of workers-sdk#15552 (it waits in a loop), delete the patch and this test. If not,
  // write the new version here.
  expect(devDependencies.miniflare).toBe('4.20260426.0')
})
