import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { REPOSITORY } from '../../worker/package/places.ts'

test('miniflare is the version for which test/support/worker/atomicsWait.ts patches Atomics.wait', () => {
  const { devDependencies } = JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8')) as {
    devDependencies: Record<string, string>
  }
  // Does the new version wait in a loop (workers-sdk#15552)? Then delete the patch and this test, else change this line.
  expect(devDependencies.miniflare).toBe('4.20260426.0')
})
