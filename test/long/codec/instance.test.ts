// Tests WebAssembly instances that reuse the memories of earlier instances: reuse changes no result, reveals no data,
// and is limited.
import { describe, expect, test } from 'vitest'
import { createCodec } from '../../../worker/codec/codec.ts'
import { ENCODE_FORMATS } from '../../../worker/codec/contract.ts'
import { CodecError } from '../../../worker/codec/error.ts'
import { readHeader } from '../../../worker/codec/header.ts'
import { withoutFont } from '../../../worker/build/font.ts'
import { neededPages, withImportedMemory } from '../../../worker/build/importedMemory.ts'
import { createInstances, type Instances } from '../../../worker/codec/instance.ts'
import { loadCodecModules } from '../../../worker/platform/nodeFiles.ts'
import { OVERSIZED_FILES, readPackaged, readPhoton, readSlim } from '../../../worker/build/codecs.ts'
import type { Rgba } from '../../../worker/image/plane.ts'
import { createRandom } from '../../../worker/image/prng.ts'
import { sharpOf } from '../../support/pictures/codec.ts'
import { watchMemories } from '../../support/measure/memories.ts'

const modules = await loadCodecModules()

/** The oracle: a codec that makes new memory for each instance. */
const fresh = createCodec(modules, createInstances({ maxIdleBytes: 0 }))

const FILE_FORMATS = [...ENCODE_FORMATS, 'gif'] as const

const FORMATS = ['jpeg', 'webp', 'png'] as const

/** Making hundreds of new instances for comparison is slow on a busy machine. */
const LONG = { timeout: 120_000 }

const random = createRandom(23)

/**
 * Returns a picture of random pixels. By default, both sides are random, up to 60 pixels, and half of the pictures are
 * opaque.
 */
function noise(width = 1 + random.below(60), height = 1 + random.below(60), isOpaque = random.below(2) === 0): Rgba {
  const data = Uint8Array.from({ length: width * height * 4 }, (_, i) =>
    isOpaque && i % 4 === 3 ? 255 : random.below(256),
  )
  return { width, height, data }
}

function fileOf(picture: Rgba, format: (typeof FILE_FORMATS)[number]): Promise<Uint8Array> {
  return sharpOf(picture).toFormat(format, { quality: 90 }).toBuffer()
}

/** Expects equal bytes. Compares them as Buffers, because toEqual takes a second per megabyte. */
function expectSame(actual: Uint8Array | Uint8ClampedArray, expected: typeof actual): void {
  expect(Buffer.compare(Buffer.from(actual), Buffer.from(expected))).toBe(0)
}

test('200 pictures in a row, in reused memories, give the same bytes as in new memories', LONG, async () => {
  const codec = createCodec(modules)
  for (let turn = 0; turn < 200; turn++) {
    const picture = noise()
    const file = await fileOf(picture, FILE_FORMATS[turn % FILE_FORMATS.length])
    const header = readHeader(file)
    expectSame((await codec.decode(file, header)).data, (await fresh.decode(file, header)).data)
    for (const format of FORMATS) {
      const as = { format, quality: 85 }
      expectSame(await codec.encode(picture, as), await fresh.encode(picture, as))
    }
  }
})

test('pictures that are decoded at the same time give the same bytes as in new memories', async () => {
  const codec = createCodec(modules)
  const files = await Promise.all(Array.from({ length: 12 }, (_, i) => fileOf(noise(), FORMATS[i % 2])))
  for (let round = 0; round < 3; round++) {
    const all = await Promise.all(files.map((file) => codec.decode(file, readHeader(file))))
    for (const [i, file] of files.entries()) {
      expectSame(all[i].data, (await fresh.decode(file, readHeader(file))).data)
    }
  }
})

test('500 instances in a row share one memory, which does not grow', LONG, async () => {
  for (const format of FORMATS) {
    const instances = createInstances()
    const codec = createCodec(modules, instances)
    const picture = noise(40, 40)
    const file = await fileOf(picture, format)
    const decode = async () => (await codec.decode(file, readHeader(file))).data
    await watchMemories(async (memories) => {
      const first = await decode()
      const bytes = instances.idleBytes()
      for (let use = 2; use < 500; use++) await decode()
      expectSame(await decode(), first)
      expect(instances.idleBytes()).toBe(bytes)
      expect(memories).toHaveLength(1)
    })
  }
})

test('idle memory contains only zeros', async () => {
  const secret = noise(64, 64, true)
  const files = await Promise.all(FORMATS.map((format) => fileOf(secret, format)))
  const decoded = await Promise.all(files.map((file) => fresh.decode(file, readHeader(file))))
  const encoded = await Promise.all(FORMATS.map((format) => fresh.encode(secret, { format, quality: 85 })))
  const needles = [
    ...[secret, ...decoded].map(({ data }) => Buffer.from(data.subarray(8000, 8032))),
    ...[...files, ...encoded].map((file) => Buffer.from(file.subarray(-48, -16))),
  ]
  const holdsSecret = ({ buffer }: WebAssembly.Memory) => needles.some((needle) => Buffer.from(buffer).includes(needle))
  const workOn = (codec: typeof fresh) =>
    watchMemories(async (memories) => {
      for (const [i, format] of FORMATS.entries()) {
        await codec.decode(files[i], readHeader(files[i]))
        await codec.encode(secret, { format, quality: 85 })
      }
      return memories
    })
  const used = await workOn(fresh)
  expect(used).toHaveLength(2 * FORMATS.length)
  expect(used.every(holdsSecret)).toBe(true) // not overwritten, so the search can find it

  const instances = createInstances()
  const idle = await workOn(createCodec(modules, instances)) // the modules share them
  expect(idle.length).toBeLessThan(used.length)
  expect(idle.reduce((sum, { buffer }) => sum + buffer.byteLength, 0)).toBe(instances.idleBytes())
  expect(idle.some(holdsSecret)).toBe(false)
  for (const { buffer } of idle) expect(new Uint8Array(buffer).every((byte) => byte === 0)).toBe(true)
})

test('after each of 300 broken files the next file is decoded correctly, in the same memory', LONG, async () => {
  const failures = { jpeg: 0, webp: 0, png: 0 }
  for (const format of ['jpeg', 'webp', 'png'] as const) {
    await watchMemories(async (memories) => {
      const codec = createCodec(modules)
      for (let turn = 0; turn < 100; turn++) {
        const good = await fileOf(noise(48, 48, true), format)
        const header = readHeader(good)
        // Of every three turns, two decode a file that is damaged after its header. The third decodes a good file, but
        // with a wrong width.
        const middle = good.length / 2
        const flipped = good.map((byte, i) => (i > middle && random.below(9) === 0 ? byte ^ 255 : byte))
        const zeroed = good.map((byte, i) => (i > middle / 4 ? 0 : byte))
        const attempts = [
          () => codec.decode(flipped, header),
          () => codec.decode(zeroed, header),
          () => codec.decode(good, { ...header, width: header.width + 1 }),
        ]
        const error: unknown = await attempts[turn % 3]().catch((reason: unknown) => reason)
        if (error instanceof Error) {
          expect(error).toBeInstanceOf(CodecError)
          failures[format]++
        }
        expectSame((await codec.decode(good, header)).data, (await fresh.decode(good, header)).data)
      }
      expect(memories).toHaveLength(101) // one for the codec, and one for each of the oracle's 100 decodes
    })
  }
  // Every third turn decodes with the wrong width, which must always fail. The other turns may succeed, because libjpeg
  // decodes most broken files without an error.
  expect(Math.min(...Object.values(failures))).toBeGreaterThanOrEqual(33)
})

describe('idle memories', () => {
  test('stay below the limit in total, and a memory that is larger than the limit is not kept', async () => {
    const maxIdleBytes = 4e6
    const instances = createInstances({ maxIdleBytes })
    const codec = createCodec(modules, instances)
    let most = 0
    for (const side of [10, 100, 400, 200, 20]) {
      for (const format of FORMATS) {
        const picture = noise(side, side)
        const file = await codec.encode(picture, { format, quality: 85 })
        await codec.decode(file, readHeader(file))
        most = Math.max(most, instances.idleBytes())
      }
    }
    expect(most).toBeLessThanOrEqual(maxIdleBytes)
    expect(most).toBeGreaterThan(maxIdleBytes / 2)

    await codec.encode(noise(300, 300), { format: 'webp', quality: 85 })
    const before = instances.idleBytes()
    await codec.encode(noise(700, 700), { format: 'webp', quality: 85 })
    expect(instances.idleBytes()).toBeLessThanOrEqual(before)
  })

  test('are shared between modules if the limit is too low for one memory per module', LONG, async () => {
    const picture = noise(300, 300)
    const files = await Promise.all(FORMATS.map((format) => fileOf(picture, format)))
    const round = async (codec: typeof fresh) => {
      for (const [i, format] of FORMATS.entries()) {
        const { data } = await codec.decode(files[i], readHeader(files[i]))
        expectSame(data, (await fresh.decode(files[i], readHeader(files[i]))).data)
        await codec.encode(picture, { format, quality: 85 })
      }
    }
    const sizes = createInstances()
    await round(createCodec(modules, sizes))
    const maxIdleBytes = Math.floor(0.8 * sizes.idleBytes())
    const instances = createInstances({ maxIdleBytes })
    const codec = createCodec(modules, instances)
    for (let i = 0; i < 2; i++) await round(codec)
    await watchMemories(async (memories) => {
      await round(codec) // lists the existing memories that modules export, too
      const before = memories.length
      for (let i = 0; i < 5; i++) await round(codec)
      const compared = 5 * FORMATS.length
      // If each module had its own memory, a new memory would always replace the least recently used one, and each
      // round would make 4 new memories.
      expect(memories.length - before - compared).toBeLessThanOrEqual(2)
    })
    expect(instances.idleBytes()).toBeLessThanOrEqual(maxIdleBytes)
  })

  test('are dropped if the limit is reached, the least recently used memory first', async () => {
    const [jpeg, webp] = await Promise.all(FORMATS.map((format) => fileOf(noise(8, 8), format)))
    const sizes = createInstances()
    const both = createCodec(modules, sizes)
    for (const file of [jpeg, webp]) await both.decode(file, readHeader(file))

    const codec = createCodec(modules, createInstances({ maxIdleBytes: sizes.idleBytes() - 1 }))
    const memoriesFor = (file: Uint8Array) =>
      watchMemories(async (memories) => {
        await codec.decode(file, readHeader(file))
        return memories.length
      })
    expect(await memoriesFor(jpeg)).toBe(1)
    expect(await memoriesFor(webp)).toBe(1)
    expect(await memoriesFor(webp)).toBe(0)
    expect(await memoriesFor(jpeg)).toBe(1)
  })
})

describe('modules that import their memory', () => {
  test.each(Object.values(OVERSIZED_FILES))('start with less than 1 MB of memory: %s', async (file) => {
    const packaged = await readPackaged(file)
    const slim = await WebAssembly.compile(await readSlim(file))
    const pages = neededPages(packaged)
    expect(65_536 * pages).toBeLessThan(1e6)
    const imports = WebAssembly.Module.imports(await WebAssembly.compile(packaged))
    expect(WebAssembly.Module.imports(slim)).toEqual([
      ...imports,
      { module: 'memory', name: `${pages}`, kind: 'memory' },
    ])
    expect(() => withImportedMemory(packaged, 1000)).toThrow('1000 pages')
  })

  test('give the same bytes as the unchanged modules of the packages', async () => {
    const compile = async (file: string) => WebAssembly.compile(await readPackaged(file))
    const packaged = {
      ...modules,
      webpDecoder: await compile(OVERSIZED_FILES.webpDecoder),
      webpEncoder: await compile(OVERSIZED_FILES.webpEncoder),
    }
    const itsOwn: Instances = {
      ...createInstances(),
      async run(factory, module, work) {
        if (Object.values(modules).includes(module)) return createInstances().run(factory, module, work)
        const instantiateWasm = (imports: WebAssembly.Imports, done: (instance: WebAssembly.Instance) => object) =>
          done(new WebAssembly.Instance(module, imports))
        return work(await factory({ instantiateWasm, print() {}, printErr() {} }))
      },
    }
    const [ours, theirs] = [createCodec(modules), createCodec(packaged, itsOwn)]
    for (const [width, height] of [
      [1, 1],
      [37, 51],
      [640, 480],
    ]) {
      for (const format of FORMATS) {
        const picture = noise(width, height)
        const file = await ours.encode(picture, { format, quality: 85 })
        expectSame(file, await theirs.encode(picture, { format, quality: 85 }))
        const header = readHeader(file)
        expectSame((await ours.decode(file, header)).data, (await theirs.decode(file, header)).data)
      }
    }
  })
})

test('the photon.wasm that we ship lacks the font that the photon.wasm of the npm package contains', async () => {
  const packaged = await readPackaged('@cf-wasm/photon/photon.wasm')
  const photon = withoutFont(packaged)
  const blanked = packaged.filter((byte, i) => byte !== photon[i])
  expect(photon.length).toBe(packaged.length)
  expect(blanked.length).toBeGreaterThan(100_000)
  expect(new TextDecoder().decode(blanked)).toContain('Roboto') // the font's name is removed, too
  expect(() => withoutFont(photon)).toThrow('expected one font, got none')
  expect(Buffer.from(await readPhoton()).includes('Roboto')).toBe(false)
})
