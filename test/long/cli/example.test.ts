// Checks the example picture that the README shows. test/fixtures/example.ts makes it.
import { readFile } from 'node:fs/promises'
import sharp from 'sharp'
import { expect, test } from 'vitest'
import { EXAMPLE, makeExample } from '../../fixtures/example.ts'

test('the current models make the picture that the README shows', async () => {
  const [made, shown] = await Promise.all(
    [makeExample(), readFile(EXAMPLE)].map(async (file) =>
      sharp(await file)
        .raw()
        .toBuffer(),
    ),
  )
  expect(made.length).toBe(shown.length)
  let sum = 0
  for (let i = 0; i < made.length; i++) sum += Math.abs(made[i] - shown[i])
  // The limit allows small differences, because another build of the kernels or of libwebp may round differently. Other
  // weights would exceed the limit by far.
  expect(sum / made.length).toBeLessThan(0.2)
}, 60_000)
