// Tests what readers and other writers see of a file that is written, and what remains after a failure.
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'whole-'))
})
afterEach(() => rm(folder, { recursive: true }))

/** Loads a new instance of the module, which shares no state with other instances, as in another thread. */
async function loadInstance() {
  vi.resetModules()
  return import('../../../worker/terminal/wholeFile.ts')
}

test('writeWhole writes text or bytes, and creates the folder', async () => {
  const { writeWhole } = await loadInstance()
  await writeWhole(path.join(folder, 'a/b/text'), 'été')
  await writeWhole(path.join(folder, 'a/b/bytes'), Uint8Array.of(0, 255))
  expect(await readFile(path.join(folder, 'a/b/text'), 'utf8')).toBe('été')
  expect([...(await readFile(path.join(folder, 'a/b/bytes')))]).toEqual([0, 255])
})

test('a file that two threads write at the same time has the whole content that one of them wrote, and no other file is left', async () => {
  const writers = [await loadInstance(), await loadInstance()]
  const file = path.join(folder, 'file')
  const contents = ['a', 'b'].map((letter) => letter.repeat(1_000_000))
  for (let round = 0; round < 10; round++) {
    await Promise.all(writers.map(({ writeWhole }, i) => writeWhole(file, contents[i])))
    expect(contents).toContain(await readFile(file, 'utf8'))
  }
  expect(await readdir(folder)).toEqual(['file'])
})

test('a file with the longest possible name (255 characters) can be written', async () => {
  const { writeWhole } = await loadInstance()
  const name = 'n'.repeat(255)
  await writeWhole(path.join(folder, name), '')
  expect(await readdir(folder)).toEqual([name])
})

test('writeWhole rejects if the file cannot be replaced, and leaves no temporary file', async () => {
  const { writeWhole } = await loadInstance()
  await mkdir(path.join(folder, 'taken/by'), { recursive: true })
  await expect(writeWhole(path.join(folder, 'taken'), '')).rejects.toThrow()
  expect(await readdir(folder)).toEqual(['taken'])
})

test('removeParts deletes files that are written but not yet renamed', async () => {
  vi.doMock('node:fs/promises', async (original) => {
    const files = await original<typeof import('node:fs/promises')>()
    const rename = async (from: string, to: string) => {
      expect((await readdir(folder)).length).toBe(1)
      removeParts()
      return files.rename(from, to)
    }
    return { ...files, rename }
  })
  const { writeWhole, removeParts } = await loadInstance()
  vi.doUnmock('node:fs/promises')
  await expect(writeWhole(path.join(folder, 'file'), 'content')).rejects.toThrow('ENOENT')
  expect(await readdir(folder)).toEqual([])
})
