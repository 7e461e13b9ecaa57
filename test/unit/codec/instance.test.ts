import { afterEach, describe, expect, test, vi } from 'vitest'
import { createCodec, ENCODE_FORMATS } from '../../../worker/codec/codec.ts'
import { CodecError } from '../../../worker/codec/error.ts'
import { readHeader } from '../../../worker/codec/header.ts'
import { withoutFont } from '../../../worker/codec/font.ts'
import { neededPages, withInitialPages } from '../../../worker/codec/initial-memory.ts'
import { createInstances } from '../../../worker/codec/instance.ts'
import {
  loadCodecModules,
  OVERSIZED_FILES,
  readPackaged,
  readPhoton,
  readSlim,
} from '../../../worker/codec/node.ts'
import type { Rgba } from '../../../worker/image/plane.ts'
import { createRandom } from '../../../worker/image/prng.ts'
import { sharpOf } from '../../support/codec.ts'

const modules = await loadCodecModules()

/** The oracle: every instance is used once. */
const fresh = createCodec(modules, createInstances({ maxUses: 1 }))

const FILE_FORMATS = [...ENCODE_FORMATS, 'gif'] as const

/** Those whose instances are reused. */
const FORMATS = ['jpeg', 'webp'] as const

/** New instances by the hundred, for comparison, take their time on a busy machine. */
const LONG = { timeout: 120_000 }

const random = createRandom(23)

/** Never the same picture twice, of any size up to 60 x 60, opaque or not. */
function noise(
  width = 1 + random.below(60),
  height = 1 + random.below(60),
  isOpaque = random.below(2) === 0,
): Rgba {
  const data = Uint8Array.from({ length: width * height * 4 }, (_, i) =>
    isOpaque && i % 4 === 3 ? 255 : random.below(256),
  )
  return { width, height, data }
}

function fileOf(picture: Rgba, format: (typeof FILE_FORMATS)[number]): Promise<Uint8Array> {
  return sharpOf(picture).toFormat(format, { quality: 90 }).toBuffer()
}

/** The memories of all instances that are made until the test ends. */
function watchMemories(): WebAssembly.Memory[] {
  const memories: WebAssembly.Memory[] = []
  const { instantiate } = WebAssembly
  vi.spyOn(WebAssembly, 'instantiate').mockImplementation((async (
    module: WebAssembly.Module,
    imports: WebAssembly.Imports,
  ) => {
    const instance = await instantiate(module, imports)
    memories.push(memoryOf(instance))
    return instance
  }) as never)
  return memories
}

function memoryOf({ exports }: WebAssembly.Instance): WebAssembly.Memory {
  return Object.values(exports).find(
    (value): value is WebAssembly.Memory => value instanceof WebAssembly.Memory,
  )!
}

/** What the memory of a module holds before anything of it has run. */
async function beginningOf(module: WebAssembly.Module): Promise<Buffer> {
  const imports: Record<string, Record<string, () => void>> = {}
  for (const { module: space, name } of WebAssembly.Module.imports(module)) {
    Object.assign((imports[space] ??= {}), { [name]: () => {} })
  }
  return Buffer.from(memoryOf(await WebAssembly.instantiate(module, imports)).buffer)
}

/** toEqual would take a second for a megabyte. */
function expectSame(actual: Uint8Array | Uint8ClampedArray, expected: typeof actual): void {
  expect(Buffer.compare(Buffer.from(actual), Buffer.from(expected))).toBe(0)
}

afterEach(() => vi.restoreAllMocks())

test('200 pictures in a row give byte for byte what new instances give', LONG, async () => {
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

test('so do pictures that are worked on at the same time', async () => {
  const codec = createCodec(modules)
  const files = await Promise.all(Array.from({ length: 12 }, (_, i) => fileOf(noise(), FORMATS[i % 2]))) // prettier-ignore
  for (let round = 0; round < 3; round++) {
    const all = await Promise.all(files.map((file) => codec.decode(file, readHeader(file))))
    for (const [i, file] of files.entries()) {
      expectSame(all[i].data, (await fresh.decode(file, readHeader(file))).data)
    }
  }
})

test('an instance is used 50 times, and its memory does not grow with that', async () => {
  const memories = watchMemories()
  for (const format of FORMATS) {
    const instances = createInstances()
    const codec = createCodec(modules, instances)
    const file = await fileOf(noise(64, 64), format)
    const before = memories.length
    await codec.decode(file, readHeader(file))
    const bytes = instances.idleBytes()
    for (let use = 1; use < 49; use++) await codec.decode(file, readHeader(file))
    expect(instances.idleBytes()).toBe(bytes)
    expect(memories.length - before).toBe(1)
    await codec.decode(file, readHeader(file))
    expect(instances.idleBytes()).toBe(0)
  }
})

test(
  'after 500 uses, were that allowed, an instance still works and is no larger',
  LONG,
  async () => {
    const instances = createInstances({ maxUses: Infinity })
    const codec = createCodec(modules, instances)
    const picture = noise(40, 40)
    const files = await Promise.all(FORMATS.map((format) => fileOf(picture, format)))
    const work = async () => {
      const results: Uint8Array[] = []
      for (const [i, format] of FORMATS.entries()) {
        const { data } = await codec.decode(files[i], readHeader(files[i]))
        results.push(new Uint8Array(data), await codec.encode(picture, { format, quality: 85 }))
      }
      return results
    }
    const first = await work()
    const bytes = instances.idleBytes()
    for (let use = 2; use < 500; use++) await work()
    for (const [i, result] of (await work()).entries()) expectSame(result, first[i])
    expect(instances.idleBytes()).toBe(bytes)
  },
)

test('an idle instance holds nothing but what it held at the start', async () => {
  const memories = watchMemories()
  const secret = noise(64, 64)
  const files = await Promise.all(FORMATS.map((format) => fileOf(secret, format)))
  const decoded = await Promise.all(files.map((file) => fresh.decode(file, readHeader(file))))
  const needles = [
    ...[secret, ...decoded].map(({ data }) => Buffer.from(data.subarray(8000, 8032))),
    ...files.map((file) => Buffer.from(file.subarray(-48, -16))),
  ]
  const holdsSecret = ({ buffer }: WebAssembly.Memory) =>
    needles.some((needle) => Buffer.from(buffer).includes(needle))
  const workOn = async (codec: typeof fresh) => {
    memories.length = 0
    for (const [i, format] of FORMATS.entries()) {
      await codec.decode(files[i], readHeader(files[i]))
      await codec.encode(secret, { format, quality: 85 })
    }
    expect(memories).toHaveLength(4)
    return memories.slice()
  }
  expect((await workOn(fresh)).every(holdsSecret)).toBe(true) // dropped, not rewound

  const instances = createInstances()
  const idle = await workOn(createCodec(modules, instances))
  expect(idle.reduce((sum, { buffer }) => sum + buffer.byteLength, 0)).toBe(instances.idleBytes())
  expect(idle.some(holdsSecret)).toBe(false)
  const { jpegDecoder, jpegEncoder, webpDecoder, webpEncoder } = modules
  for (const [i, module] of [jpegDecoder, jpegEncoder, webpDecoder, webpEncoder].entries()) {
    const start = await beginningOf(module)
    const now = Buffer.from(idle[i].buffer)
    expectSame(now.subarray(0, start.length), start)
    expect(now.subarray(start.length).every((byte) => byte === 0)).toBe(true)
  }
})

test(
  'a failure drops its instance, and the next file is decoded right: 300 broken files',
  LONG,
  async () => {
    const failures = { jpeg: 0, webp: 0, png: 0 }
    for (const format of ['jpeg', 'webp', 'png'] as const) {
      const instances = createInstances()
      const codec = createCodec(modules, instances)
      for (let turn = 0; turn < 100; turn++) {
        const good = await fileOf(noise(48, 48, true), format)
        const header = readHeader(good)
        // Behind what the header tells; then a file that is of another size than its header promises.
        const middle = good.length / 2
        const flipped = good.map((byte, i) =>
          i > middle && random.below(9) === 0 ? byte ^ 255 : byte,
        )
        const zeroed = good.map((byte, i) => (i > middle / 4 ? 0 : byte))
        const attempts = [
          () => codec.decode(flipped, header),
          () => codec.decode(zeroed, header),
          () => codec.decode(good, { ...header, width: header.width + 1 }),
        ]
        const error: unknown = await attempts[turn % 3]().catch((reason: unknown) => reason)
        if (error instanceof Error) {
          expect(error).toBeInstanceOf(CodecError)
          expect(instances.idleBytes()).toBe(0)
          failures[format]++
        }
        expectSame((await codec.decode(good, header)).data, (await fresh.decode(good, header)).data)
        expect(instances.idleBytes() > 0).toBe(format !== 'png') // photon's are never kept
      }
    }
    // libjpeg makes the best of most broken files.
    expect(Math.min(...Object.values(failures))).toBeGreaterThanOrEqual(33)
  },
)

test('so does an encoder that gives no result', async () => {
  const instances = createInstances()
  const codec = createCodec(modules, instances)
  await codec.encode(noise(), { format: 'webp', quality: 85 })
  expect(instances.idleBytes()).toBeGreaterThan(0)
  const tooWide = codec.encode(noise(16_384, 1), { format: 'webp', quality: 85 })
  await expect(tooWide).rejects.toThrow(CodecError)
  expect(instances.idleBytes()).toBe(0)
})

describe('idle instances', () => {
  test('together stay below the cap, and one that alone is above it is not kept', async () => {
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

  test('make room with the least recently used', async () => {
    const memories = watchMemories()
    const [jpeg, webp] = await Promise.all(FORMATS.map((format) => fileOf(noise(8, 8), format)))
    const sizes = createInstances()
    const both = createCodec(modules, sizes)
    for (const file of [jpeg, webp]) await both.decode(file, readHeader(file))

    const codec = createCodec(modules, createInstances({ maxIdleBytes: sizes.idleBytes() - 1 }))
    const instancesFor = async (file: Uint8Array) => {
      const before = memories.length
      await codec.decode(file, readHeader(file))
      return memories.length - before
    }
    expect(await instancesFor(jpeg)).toBe(1)
    expect(await instancesFor(webp)).toBe(1)
    expect(await instancesFor(webp)).toBe(0)
    expect(await instancesFor(jpeg)).toBe(1)
  })
})

describe('modules that start with less memory', () => {
  test.each(Object.values(OVERSIZED_FILES))('%s starts with less than 1 MB', async (file) => {
    const packaged = await readPackaged(file)
    const slim = await readSlim(file)
    const { byteLength } = await beginningOf(await WebAssembly.compile(slim))
    expect((await beginningOf(await WebAssembly.compile(packaged))).byteLength).toBeGreaterThan(
      16e6,
    )
    expect(byteLength).toBeLessThan(1e6)
    expect(byteLength).toBe(65_536 * neededPages(packaged))
    // Nothing but that number is another.
    const changed = slim.filter((byte, i) => byte !== packaged[i])
    expect(slim.length).toBe(packaged.length)
    expect(changed.length).toBeLessThanOrEqual(2)
    expect(() => withInitialPages(packaged, 1000)).toThrow('1000 pages')
  })

  test('give byte for byte what the packages’ own give', async () => {
    const compile = async (file: string) => WebAssembly.compile(await readPackaged(file))
    const packaged = {
      photon: modules.photon,
      jpegDecoder: await compile(OVERSIZED_FILES.jpegDecoder),
      jpegEncoder: await compile(OVERSIZED_FILES.jpegEncoder),
      jpegSymbols: modules.jpegSymbols,
      webpDecoder: await compile(OVERSIZED_FILES.webpDecoder),
      webpEncoder: await compile(OVERSIZED_FILES.webpEncoder),
    }
    const [ours, theirs] = [createCodec(modules), createCodec(packaged, createInstances({ maxUses: 1 }))] // prettier-ignore
    for (const [width, height] of [
      [1, 1],
      [37, 51],
      [640, 480],
    ]) {
      // prettier-ignore
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

test('photon goes without the font that its packaged module carries', async () => {
  const packaged = await readPackaged('@cf-wasm/photon/photon.wasm')
  const photon = await readPhoton()
  const blanked = packaged.filter((byte, i) => byte !== photon[i])
  expect(photon.length).toBe(packaged.length)
  expect(blanked.length).toBeGreaterThan(100_000)
  expect(new TextDecoder().decode(blanked)).toContain('Roboto') // its name is blanked, too
  expect(() => withoutFont(photon)).toThrow('expected one font, got none')
})
