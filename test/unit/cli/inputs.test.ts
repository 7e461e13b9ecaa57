// Tests which pictures the arguments (files, folders and globs) stand for, and where the results are written.
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { findInputs } from '../../../worker/cli/upscale/inputs.ts'
import { outputOf, targetOf } from '../../../worker/cli/upscale/outputs.ts'

let root: string
const at = (name: string) => path.join(root, name)

beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'inputs-'))
  await mkdir(at('photos/sub/deep'), { recursive: true })
  await mkdir(at('photos/out'))
  await mkdir(at('empty'))
  for (const name of [
    'a.jpg',
    'B.PNG',
    'a-x3.jpg',
    'a-640w.webp',
    'lone-x3.jpg',
    'notes.txt',
    '.hidden.jpg',
    'sub/c.webp',
    'sub/deep/d.gif',
    'out/a-x2.jpg',
  ]) {
    await writeFile(at(`photos/${name}`), '')
  }
  await symlink(at('photos'), at('photos/sub/round'))
  await symlink(at('photos/a.jpg'), at('photos/sub/link.jpg'))
})
afterAll(() => rm(root, { recursive: true }))

const placesOf = async (words: string[], out?: string) => {
  const { inputs, failures } = await findInputs(words.map(at), out && at(out))
  expect(failures).toEqual([])
  return inputs.map(({ place }) => place)
}

const TREE = ['B.PNG', 'a.jpg', 'lone-x3.jpg', 'sub/c.webp', 'sub/deep/d.gif', 'sub/link.jpg']

test.each([
  [
    'a folder stands for the pictures in it and in its subfolders, without the results of earlier runs',
    ['photos'],
    'photos/out',
    TREE,
  ],
  [
    'results in a subfolder count as pictures if the subfolder is not the folder for results',
    ['photos'],
    undefined,
    ['B.PNG', 'a.jpg', 'lone-x3.jpg', 'out/a-x2.jpg', 'sub/c.webp', 'sub/deep/d.gif', 'sub/link.jpg'],
  ],
  [
    'a glob stands for the files that it matches, with paths relative to its fixed part',
    ['photos/**/*.{webp,gif}'],
    undefined,
    ['a-640w.webp', 'sub/c.webp', 'sub/deep/d.gif'],
  ],
  [
    'a glob does not match files in the folder for results',
    ['photos/**/*.jpg'],
    'photos/out',
    ['a.jpg', 'lone-x3.jpg', 'sub/link.jpg'],
  ],
  [
    'a glob that matches only results of earlier runs stands for these files',
    ['photos/*-x3.jpg'],
    undefined,
    ['a-x3.jpg', 'lone-x3.jpg'],
  ],
  [
    'a file that is named as an argument is used even if its name does not end like that of a picture',
    ['photos/a-x3.jpg', 'photos/notes.txt'],
    undefined,
    ['a-x3.jpg', 'notes.txt'],
  ],
  [
    'a picture that several arguments stand for is used once',
    ['photos/a.jpg', 'photos', 'photos/*.jpg'],
    'photos/out',
    ['a.jpg', ...TREE.filter((name) => name !== 'a.jpg')],
  ],
])('%s', async (_, words, out, expected) => {
  expect(await placesOf(words, out)).toEqual(expected)
})

test('a missing input is reported as a failure, and the other inputs are still found', async () => {
  const { inputs, failures } = await findInputs(['nope.jpg', 'photos/a.jpg', 'no/*.jpg', 'empty'].map(at))
  expect(inputs.map(({ place }) => place)).toEqual(['a.jpg'])
  expect(failures).toEqual([
    { file: at('nope.jpg'), message: 'there is no such file or folder (ENOENT)' },
    { file: at('no/*.jpg'), message: 'no file matches' },
    { file: at('empty'), message: 'no pictures in it' },
  ])
})

test.each([
  ['cat.jpg', undefined, 'jpeg', { scale: 3 }, 'source', 'photos/cat-x3.jpg'],
  ['cat.JPEG', undefined, 'jpeg', { scale: 2 }, 'source', 'photos/cat-x2.JPEG'],
  ['cat.jpg', undefined, 'png', { scale: 2 }, 'source', 'photos/cat-x2.png'],
  ['cat', undefined, 'jpeg', { scale: 2 }, 'source', 'photos/cat-x2.jpg'],
  ['cat.gif', undefined, 'gif', { width: 640 }, 'source', 'photos/cat-640w.png'],
  ['cat.jpg', undefined, 'jpeg', { height: 48 }, 'webp', 'photos/cat-48h.webp'],
  ['cat.jpg', undefined, 'jpeg', { width: 64, height: 48 }, 'jpeg', 'photos/cat-64w-48h.jpg'],
  ['a/b/cat.jpg', 'out/', 'jpeg', { scale: 4 }, 'source', 'out/a/b/cat-x4.jpg'],
  ['cat.jpg', 'new', 'jpeg', { scale: 4 }, 'source', 'new/cat-x4.jpg'],
  ['cat.jpg', 'my.cat', 'jpeg', { scale: 4 }, 'source', 'my.cat/cat-x4.jpg'],
  ['cat.jpg', 'big/cat.webp', 'jpeg', { scale: 4 }, 'webp', 'big/cat.webp'],
  ['cat.avif', undefined, 'avif', { scale: 4 }, 'source', 'photos/cat-x4.avif'],
] as const)(
  'the result of %s with --out %s, type %s, size %o and format %s is %s',
  async (place, out, type, size, format, expected) => {
    const input = { file: `photos/${place}`, source: 'file', place } as const
    expect(outputOf(input, await targetOf(out), type, size, format)).toBe(expected)
  },
)

test('--out may be a folder whose name ends in .jpg, but a file must be a JPEG, PNG or WebP', async () => {
  await mkdir(at('dir.jpg'))
  expect(await targetOf(at('dir.jpg'))).toEqual({ folder: at('dir.jpg') })
  await expect(targetOf(at('photos/notes.txt'))).rejects.toThrow(
    'expected --out to be a folder, or a file that ends in .jpg',
  )
  await expect(targetOf('cat.gif')).rejects.toThrow('got "cat.gif"')
})
