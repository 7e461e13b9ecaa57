// Tests that libwebp's memory is bounded: files that make it take far more than their size suggests are refused, and
// its decoder and encoder share one memory.
import sharp from 'sharp'
import { expect, test } from 'vitest'
import { createCodec } from '../../../worker/codec/codec.ts'
import { CodecError, TooComplexError } from '../../../worker/codec/error.ts'
import { readHeader } from '../../../worker/codec/header.ts'
import { createInstances } from '../../../worker/codec/instance.ts'
import { loadCodecModules } from '../../../worker/platform/nodeFiles.ts'
import { createRandom } from '../../../worker/image/prng.ts'
import { cpuMs } from '../../bench/compare.ts'
import { decodeBySharp, difference, gradient, sharpOf } from '../../support/pictures/codec.ts'
import { alphaOfManyHuffmanGroups, frameOfChunks, manyHuffmanGroups } from '../../support/pictures/vp8l.ts'
import { watchMemories } from '../../support/measure/memories.ts'

const modules = await loadCodecModules()
const MAX_BYTES = 64 * 2 ** 20

/** A limit of 100 ms, with room for a busy machine and for compiling a module at its first use. */
const MAX_MS = 400

const good = await sharpOf(gradient(300, 200, (x) => x % 256))
  .webp({ lossless: true })
  .toBuffer()

const black = (side: number) =>
  sharp({ create: { width: side, height: side, channels: 3, background: '#000' } })
    .webp()
    .toBuffer()

test('a file with few Huffman codes is black, as in libvips', async () => {
  for (const file of [manyHuffmanGroups(64, 16), manyHuffmanGroups(64, 200, 11)]) {
    const codec = createCodec(modules)
    expect(difference(await codec.decode(file, readHeader(file)), await decodeBySharp(file))).toEqual({
      color: 0,
      alpha: 0,
    })
  }
})

test.each<[string, Uint8Array]>([
  ['16,384 groups for 512x512 pixels', manyHuffmanGroups(512, 16_384)],
  ['16,384 groups for 512x512 pixels with a colour cache', manyHuffmanGroups(512, 16_384, 11)],
  ['65,536 groups for 1024x1024 pixels', manyHuffmanGroups(1024, 65_536)],
  ['65,536 groups for 2000x2000 pixels', manyHuffmanGroups(2000, 65_536, 11)],
  ['16,384 groups for the alpha of 512x512 pixels', alphaOfManyHuffmanGroups(await black(512), 512, 16_384)],
])('a WebP with %s is refused, and the memory is used again', async (_, file) => {
  const instances = createInstances()
  const codec = createCodec(modules, instances)
  const expected = Buffer.from((await decodeBySharp(good)).data)
  await watchMemories(async (memories) => {
    for (let time = 0; time < 5; time++) {
      const start = cpuMs()
      await expect(codec.decode(file, readHeader(file))).rejects.toThrow(TooComplexError)
      expect(cpuMs() - start).toBeLessThan(MAX_MS)
      const picture = await codec.decode(good, readHeader(good))
      expect(Buffer.compare(Buffer.from(picture.data), expected)).toBe(0)
      await codec.encode(picture, { format: 'webp', quality: 85 })
    }
    expect(memories.length).toBeLessThanOrEqual(2)
    for (const { buffer } of memories) expect(buffer.byteLength).toBeLessThanOrEqual(MAX_BYTES)
    expect(instances.idleBytes()).toBe(memories.reduce((sum, { buffer }) => sum + buffer.byteLength, 0))
  })
})

test('files with all numbers of groups together take one memory within the limit', async () => {
  const instances = createInstances()
  const codec = createCodec(modules, instances)
  await watchMemories(async (memories) => {
    let refused = 0
    for (const groups of [1000, 2000, 3000, 4000, 4200, 4400, 4600, 4800, 5000, 6000]) {
      const file = manyHuffmanGroups(512, groups)
      await codec.decode(file, readHeader(file)).catch((error: unknown) => {
        expect(error).toBeInstanceOf(TooComplexError)
        refused++
      })
    }
    expect(refused).toBeGreaterThan(0)
    expect(refused).toBeLessThan(10)
    expect(memories).toHaveLength(1)
    expect(instances.idleBytes()).toBeLessThanOrEqual(MAX_BYTES)
    expect(instances.idleBytes()).toBeGreaterThan(MAX_BYTES / 2)
  })
})

test('the largest pictures of a worker are decoded and encoded in one memory within the limit', async () => {
  const file = manyHuffmanGroups(2000, 200)
  const codec = createCodec(modules)
  await watchMemories(async (memories) => {
    const { data, ...size } = await codec.decode(file, readHeader(file))
    const random = createRandom(29)
    const noise = data.map((_, i) => (i % 4 === 3 ? 255 : random.below(256)))
    await codec.encode({ data: noise, ...size }, { format: 'webp', quality: 85 })
    expect(memories).toHaveLength(1)
    expect(memories[0].buffer.byteLength).toBeLessThanOrEqual(MAX_BYTES)
  })
})

test('no memory grows beyond the limit of the instances, whichever module uses it', async () => {
  const maxMemoryBytes = 1e6
  const codec = createCodec(modules, createInstances({ maxMemoryBytes, maxIdleBytes: 0 }))
  const picture = gradient(600, 600)
  await watchMemories(async (memories) => {
    for (const format of ['webp', 'gif'] as const) {
      const file = await sharpOf(picture).toFormat(format).toBuffer()
      await expect(codec.decode(file, readHeader(file))).rejects.toThrow(CodecError)
    }
    for (const { buffer } of memories) expect(buffer.byteLength).toBeLessThanOrEqual(maxMemoryBytes)
  })
})

test('a frame of a million chunks is refused within 100 ms', () => {
  const file = frameOfChunks(good, 300, 200, 1_000_000)
  const start = cpuMs()
  expect(readHeader(file).obstacle).toBe('TOO_COMPLEX')
  expect(cpuMs() - start).toBeLessThan(100)
})
