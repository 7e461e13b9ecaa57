import { existsSync } from 'node:fs'
import { copyFile, mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { createCodec } from '../../../worker/codec/codec.ts'
import { loadCodecModules } from '../../../worker/platform/nodeFiles.ts'
import { DATA_FOLDER } from '../../../trainer/commands/trainOptions.ts'
import { type PictureSet, holdOut, listPictures, readPictureSet } from '../../../trainer/data/pictureSet.ts'
import { createPreparer } from '../../../trainer/data/preparer.ts'
import { openPatchSource, type PatchSourceOptions } from '../../../trainer/data/patchSource.ts'
import { testPictureIn, testPicturesOf } from '../../../trainer/data/testPictures.ts'
import { bmp24 } from '../../support/pictures/bmp.ts'
import { drawPicture } from '../../support/pictures/edges.ts'

const clean = { kind: 'clean', uint8Share: 0, blur: 0 } as const
const COUNT = 40
let folder = ''

/** Writes the folder `top` with 40 pictures, a quarter of them in its subfolder a/b. */
beforeAll(async () => {
  folder = path.join(await mkdtemp(path.join(tmpdir(), 'source-')), 'top')
  await mkdir(path.join(folder, 'a/b'), { recursive: true })
  const codec = createCodec(await loadCodecModules())
  for (let i = 0; i < COUNT; i++) {
    const bytes = await codec.encode(drawPicture(80, 72, i), { format: 'png', quality: 100 })
    await writeFile(path.join(folder, i % 4 === 0 ? 'a/b' : '.', `${i}.png`), bytes)
  }
})

function open(options: Partial<PatchSourceOptions> = {}) {
  return openPatchSource({
    folders: [folder],
    channels: 1,
    scale: 3,
    degradation: clean,
    batch: 4,
    patch: 33,
    halo: 6,
    enlargement: 1,
    residual: true,
    seed: 1,
    sampling: 'random',
    ...options,
  })
}

test('with isEven, each of two folders supplies half of the patches, however many pictures it contains', async () => {
  const flat = path.join(await mkdtemp(path.join(tmpdir(), 'source-')), 'flat')
  await mkdir(flat)
  const codec = createCodec(await loadCodecModules())
  const white = { width: 80, height: 72, data: new Uint8ClampedArray(4 * 80 * 72).fill(255) }
  await writeFile(path.join(flat, '1.png'), await codec.encode(white, { format: 'png', quality: 100 }))
  const shareOf = async (isEven: boolean) => {
    const source = await open({ folders: [folder, flat], isEven, batch: 200, holdsOut: false })
    const corners: number[] = []
    for (const inputs of await inputsAt(source, [0, 1, 2, 3])) {
      for (let n = 0; n < 200; n++) corners.push(inputs[n * 33 * 33])
    }
    await source.close()
    return corners.filter((v) => Math.abs(v - 235 / 255) < 1e-4).length / corners.length
  }
  expect(await shareOf(true)).toBeCloseTo(0.5, 1)
  expect(await shareOf(false)).toBeLessThan(0.15)
})

async function inputsAt(source: Awaited<ReturnType<typeof open>>, steps: readonly number[]) {
  const inputs = []
  for (const step of steps) inputs.push((await source.batch(step)).inputs.slice())
  return inputs
}

test('folders are read with their subfolders, sorted by name, without hidden files', async () => {
  await writeFile(path.join(folder, '.hidden.png'), '')
  const files = await listPictures([folder])
  expect(files).toHaveLength(COUNT)
  expect(files.map(({ name }) => name)).toContain('top/a/b/8.png')
  expect(files.map(({ name }) => name).toSorted()).toEqual(files.map(({ name }) => name))
  const { pictures } = await readPictureSet(path.join(folder, 'a'))
  expect(pictures.map(({ name }) => name)).toContain('b/8')
})

describe('holdOut', () => {
  const named = (count: number) => Array.from({ length: count }, (_, i) => ({ name: `set/${i}.png` }))
  test.each([
    [3, 0],
    [4, 1],
    [10, 2],
    [91, 5],
    [5000, 24],
  ])('from %i pictures keeps %i for validation', (count, held) => {
    const { training, validation } = holdOut(named(count))
    expect(validation).toHaveLength(held)
    expect(training).toHaveLength(count - held)
  })

  test('chooses mostly the same pictures after others are added, even if the list is reversed', () => {
    const few = holdOut(named(200)).validation.map(({ name }) => name)
    const more = holdOut(named(220).toReversed()).validation.map(({ name }) => name)
    expect(few.filter((name) => more.includes(name)).length).toBeGreaterThan(6) // of 10
  })
})

test('held-out pictures are cropped to their middle, but pictures of a validation folder are used whole, as in evaluation', async () => {
  const large = await mkdtemp(path.join(tmpdir(), 'large-'))
  for (let i = 0; i < 4; i++) await writeFile(path.join(large, `${i}.bmp`), bmp24(drawPicture(300, 250, i)))
  const sizesOf = async (options: Partial<PatchSourceOptions>) => {
    const source = await open({ folders: [large], ...options })
    await source.close()
    return source.validation.map(({ rgba }) => [rgba.width, rgba.height])
  }
  expect(await sizesOf({})).toEqual([[240, 240]])
  expect(await sizesOf({ validate: large })).toEqual(Array.from({ length: 4 }, () => [300, 250]))
})

test('a small set is kept in memory, and a batch does not depend on the batches requested before', async () => {
  const source = await open()
  expect(source.description).toMatchObject({ name: 'top', pictures: COUNT - 2, digestOf: 'bytes', streams: false })
  expect(source.validation).toHaveLength(2)
  const [seventh] = await inputsAt(source, [7])
  const again = await inputsAt(source, [0, 3, 7])
  expect(again[2]).toEqual(seventh)
  expect(again[0]).not.toEqual(seventh)
  await source.close()
})

test('a batch stays intact while the next one is cut', async () => {
  const source = await open()
  const first = await source.batch(0)
  const before = first.inputs.slice()
  await source.batch(1)
  expect(first.inputs).toEqual(before)
  await source.close()
})

// About a quarter of the pictures fit into this cache. Patches are therefore cut from some 5 pictures at a time, which
// are replaced after some 90 steps.
const cacheBytes = 2 ** 20

test('a large set streams through a bounded cache, and each step gets the same batch after a restart', async () => {
  const source = await open({ cacheBytes, threads: 1 })
  expect(source.description.streams).toBe(true)
  const steps = [0, 50, 100, 150, 200, 400]
  const inputs = await inputsAt(source, steps)
  expect(source.heldBytes()).toBeGreaterThan(0)
  expect(source.heldBytes()).toBeLessThanOrEqual(cacheBytes)
  await source.close()
  const again = await open({ cacheBytes, threads: 2 })
  expect(await inputsAt(again, steps.slice(3))).toEqual(inputs.slice(3))
  await again.close()
})

test('the stop signal rejects a call that waits for pictures', async () => {
  const stop = new AbortController()
  const source = await open({ cacheBytes, threads: 1, stop: stop.signal })
  const waiting = source.batch(0)
  stop.abort()
  await expect(waiting).rejects.toBe(stop.signal.reason)
  await source.close()
  await expect(open({ stop: stop.signal })).rejects.toBe(stop.signal.reason)
})

test('a broken picture is left out with a warning, and a source with only broken pictures does not open', async () => {
  const alone = path.join(path.dirname(folder), 'alone')
  await mkdir(alone)
  await writeFile(path.join(alone, 'broken.png'), 'no picture')
  const lines: string[] = []
  const warn = (line: string) => lines.push(line)
  const source = await open({ folders: [folder, alone], warn })
  expect(lines).toHaveLength(1)
  expect(lines[0]).toMatch(/^left out: .*broken\.png/)
  await source.close()
  await expect(open({ folders: [alone], warn })).rejects.toThrow(
    'expected pictures large enough for a patch of 33 pixels',
  )
})

describe('a test picture', () => {
  /** One test set with two pictures of the folder: one copied unchanged, the other stored as BMP. */
  let tests: PictureSet[] = []
  beforeAll(async () => {
    const set = path.join(path.dirname(folder), 'set')
    await mkdir(set)
    await copyFile(path.join(folder, '1.png'), path.join(set, 'same.png'))
    await writeFile(path.join(set, 'pixels.bmp'), bmp24(drawPicture(80, 72, 2)))
    tests = [await readPictureSet(set)]
  })

  test('is left out and not counted, whatever its name and format', async () => {
    const lines: string[] = []
    const warn = (line: string) => lines.push(line)
    const source = await open({ tests, warn, holdsOut: false })
    const plain = await open({ warn, holdsOut: false })
    expect(lines).toEqual([
      `left out: ${path.join(folder, '1.png')} is same of set`,
      `left out: ${path.join(folder, '2.png')} is pixels of set`,
    ])
    expect(source.description.pictures).toBe(plain.description.pictures - 2)
    expect(source.description.digest).not.toBe(plain.description.digest)
    await Promise.all([source.close(), plain.close()])
    const own = open({ folders: [path.join(path.dirname(folder), 'set')], tests, warn })
    await expect(own).rejects.toThrow('expected pictures to train on, got only test pictures')
  })

  test('is refused by the thread that prepares it if the training set is too large to be read in advance', async () => {
    const preparer = createPreparer(1, testPicturesOf(tests))
    const preparation = {
      channels: 1,
      scale: 3,
      patch: 33,
      degradation: clean,
      sizes: 'own',
    } as const
    const prepare = (name: string) =>
      preparer.prepare({ origin: { file: path.join(folder, name) }, preparation, seed: 1 })
    expect(await prepare('2.png')).toEqual({ failure: `${path.join(folder, '2.png')} is pixels of set` })
    expect(await prepare('3.png')).toHaveProperty('examples.length', 1)
    await preparer.close()
  })

  const woman = path.join(DATA_FOLDER, 'BSDS400/302003.jpg')
  test.skipIf(!existsSync(woman))('is also found in a file that is known to contain it', async () => {
    const codec = createCodec(await loadCodecModules())
    const objection = await testPictureIn(await readFile(woman), testPicturesOf([]), codec)
    expect(objection).toBe('contains woman of Set5')
  })
})

test('without folders the built-in pictures are used', async () => {
  const source = await open({ folders: [], cacheBytes, threads: 1 })
  expect(source.description).toMatchObject({ name: 'procedural', digestOf: 'seed' })
  expect((await source.batch(0)).inputs.some((v) => v > 0)).toBe(true)
  await source.close()
})
