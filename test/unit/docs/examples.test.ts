// Tests the apps in worker/examples: pages quote them unchanged, and the app for Workers enlarges a picture.
// test/package/apps.test.ts runs both apps with the package installed, and test/package/types.test.ts checks their
// types.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { expect, test } from 'vitest'
import app from '../../../worker/examples/worker/index.ts'

const ROOT = join(import.meta.dirname, '../../..')
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8')

test.each([
  ['README.md', 'ts', 'worker/index.ts'],
  ['worker/examples/README.md', 'ts', 'worker/index.ts'],
  ['worker/examples/README.md', 'js', 'node/index.js'],
])('%s quotes the %s code of %s unchanged', (page, language, file) => {
  expect(read(page)).toContain(`\n\`\`\`${language}\n${read(`worker/examples/${file}`)}\`\`\`\n`)
})

test('the example for Workers enlarges a stored picture if the URL has sr, else serves it unchanged', async () => {
  const original = readFileSync(join(ROOT, 'worker/assets/samples/bird.jpg'))
  const UPLOADS = { get: async (key: string) => (key === 'bird.jpg' ? { body: original } : null) }
  const get = (path: string) => app.request(path, {}, { UPLOADS })

  const larger = await get('/uploads/bird.jpg?sr=2')
  expect(larger.headers.get('x-sr')).toMatch(/^done; scale=2; model="fast/)
  const [before, after] = await Promise.all(
    [original, await larger.arrayBuffer()].map((file) => sharp(file).metadata()),
  )
  expect([after.width, after.height]).toEqual([2 * before.width, 2 * before.height])

  const same = await get('/uploads/bird.jpg')
  expect(Buffer.from(await same.arrayBuffer()).equals(original)).toBe(true)
  expect((await get('/uploads/none.jpg?sr=2')).status).toBe(404)
})
