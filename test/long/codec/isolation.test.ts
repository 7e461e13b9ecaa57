// Tests that no request harms the next request, and that no request sees data of another. After ten thousand bad files,
// codecs and engines give the same results as new ones. After a picture that consists of a repeated mark, no other
// result contains the mark.
import { describe, expect, test } from 'vitest'
import { createCodec } from '../../../worker/codec/codec.ts'
import { type Codec, ENCODE_FORMATS } from '../../../worker/codec/contract.ts'
import { CodecError } from '../../../worker/codec/error.ts'
import { readHeader } from '../../../worker/codec/header.ts'
import { createInstances } from '../../../worker/codec/instance.ts'
import { loadCodecModules } from '../../../worker/platform/nodeFiles.ts'
import { createFusedEngine } from '../../../worker/engine/fused.ts'
import { upscale } from '../../../worker/engine/upscale.ts'
import { plainEnlarger } from '../../../worker/engine/enlarger.ts'
import type { Rgba } from '../../../worker/image/plane.ts'
import { createRandom } from '../../../worker/image/prng.ts'
import { subPixelArchitecture } from '../../../worker/model/network.ts'
import { bmp24 } from '../../support/pictures/bmp.ts'
import { gradient, sharpOf } from '../../support/pictures/codec.ts'
import { DAMAGES, damaged } from '../../support/pictures/damage.ts'
import { builds } from '../../support/engine/fused.ts'
import { sampleNetwork, samplePlanes, sampleRgba } from '../../support/engine/samples.ts'

const modules = await loadCodecModules()
/** The oracle: a codec that makes new memory for each instance. */
const fresh = createCodec(modules, createInstances({ maxIdleBytes: 0 }))

const MINUTES = { timeout: 180_000 }

/** Encoders by kind of file. Decoders take a separate code path for each kind. */
const WRITERS: Readonly<Record<string, (picture: Rgba) => Promise<Uint8Array> | Uint8Array>> = {
  'baseline JPEG': (picture) => sharpOf(picture).jpeg({ quality: 90 }).toBuffer(),
  'progressive JPEG': (picture) => sharpOf(picture).jpeg({ progressive: true }).toBuffer(),
  PNG: (picture) => sharpOf(picture).png().toBuffer(),
  'interlaced PNG': (picture) => sharpOf(picture).png({ progressive: true }).toBuffer(),
  'lossy WebP': (picture) => sharpOf(picture).webp({ quality: 90 }).toBuffer(),
  'lossless WebP': (picture) => sharpOf(picture).webp({ lossless: true }).toBuffer(),
  GIF: (picture) => sharpOf(picture).gif().toBuffer(),
  BMP: (picture) => bmp24(picture),
}
const KINDS = Object.keys(WRITERS)

/** Decodes a file. Returns its pixels or the error. `whole` is the undamaged file. */
async function outcomeOf(codec: Codec, file: Uint8Array, whole: Uint8Array): Promise<Rgba | Error> {
  const own = readHeader(file)
  // If the header is damaged, decoding uses the header of the undamaged file. Otherwise the file would not reach the
  // decoder.
  const header = own.obstacle || own.width * own.height > 1e5 ? readHeader(whole) : own
  return codec.decode(file, header).catch((error: Error) => error)
}

function same(a: Uint8Array | Uint8ClampedArray, b: typeof a): boolean {
  return (
    Buffer.compare(Buffer.from(a.buffer, a.byteOffset, a.length), Buffer.from(b.buffer, b.byteOffset, b.length)) === 0
  )
}

function expectSameOutcome(got: Rgba | Error, want: Rgba | Error, name: string): void {
  if (want instanceof Error || got instanceof Error) {
    const codes = [got, want].map((one) => (one instanceof CodecError ? one.message : one))
    expect(codes[0], name).toEqual(codes[1])
  } else expect(same(got.data, want.data), name).toBe(true)
}

describe('failures have no lasting effect:', () => {
  const picture = gradient(16, 12, (x) => 255 - 9 * x)

  /** Expects that the codec decodes good files of all kinds correctly, and encodes all formats correctly. */
  async function expectCorrect(codec: Codec): Promise<void> {
    for (const kind of KINDS) {
      const file = await WRITERS[kind](picture)
      expectSameOutcome(await outcomeOf(codec, file, file), await fresh.decode(file, readHeader(file)), kind)
    }
    for (const format of ENCODE_FORMATS) {
      const as = { format, quality: 85 }
      expect(same(await codec.encode(picture, as), await fresh.encode(picture, as)), format).toBe(true)
    }
  }

  test('10,000 bad files of five formats do not change the later results of a codec', MINUTES, async () => {
    const random = createRandom(31)
    const instances = createInstances()
    const codec = createCodec(modules, instances)
    await expectCorrect(codec)
    const refused = Object.fromEntries(KINDS.map((kind) => [kind, 0]))
    const files = await Promise.all(KINDS.map(async (kind) => WRITERS[kind](picture)))
    const each = 10_000 / KINDS.length
    for (let turn = 0; turn < each; turn++) {
      for (const [i, kind] of KINDS.entries()) {
        const bad = damaged(files[i], DAMAGES[turn % DAMAGES.length], random)
        const result = await outcomeOf(codec, bad, files[i])
        if (!(result instanceof Error)) continue
        expect(result).toBeInstanceOf(CodecError)
        refused[kind]++
      }
      if (turn % 250 === 0) await expectCorrect(codec)
    }
    await expectCorrect(codec)
    // The decoders must have refused a quarter of the files of each kind. For JPEG 2 % are enough, because libjpeg
    // decodes most broken files without an error.
    for (const kind of KINDS) expect(refused[kind], kind).toBeGreaterThan(kind.includes('JPEG') ? each / 50 : each / 4)
    // The codec leaks no memory: the idle memories of all modules together stay below what the largest file needs.
    expect(instances.idleBytes()).toBeLessThan(16e6)
  })

  const MODELS = {
    srcnn: sampleNetwork({ kernels: [9, 1, 5], widths: [8, 4], residual: true }),
    subpixel: sampleNetwork({ ...subPixelArchitecture(2, 4, 1), residual: true }),
  }

  /** An array of which `subarray` succeeds `reads` times and then throws. */
  class FailingValues extends Float32Array {
    reads = 0
    override subarray(from?: number, to?: number): Float32Array<ArrayBuffer> {
      if (this.reads-- <= 0) throw new Error('gone')
      return new Float32Array(this.buffer).subarray(from, to)
    }
  }

  describe.each(builds)('in the $arithmetic kernel,', ({ modules: kernels }) => {
    test.each(Object.entries(MODELS))(
      '%s: runs that fail at any point do not change later runs',
      async (_, network) => {
        const engine = createFusedEngine(kernels)
        const [good, secret] = [samplePlanes(1, 37, 21, 5), samplePlanes(1, 90, 60, 6)]
        const want = await createFusedEngine(kernels).run(network, good)
        await engine.run(network, secret)
        let failed = 0
        for (let reads = 0; reads < 70; reads += 3) {
          const data = new FailingValues(secret.data)
          data.reads = reads
          const result = await engine.run(network, { ...secret, data }).catch((error: unknown) => error)
          if (result instanceof Error) failed++
          expect(await engine.run(network, good)).toEqual(want)
        }
        expect(failed).toBeGreaterThan(15)
      },
    )

    test('runs that are aborted do not change the next picture', async () => {
      let isKilled = true
      const pause = () => (isKilled ? Promise.reject(new Error('killed')) : Promise.resolve())
      const engine = createFusedEngine(kernels, { pause })
      const network = sampleNetwork({ kernels: [9, 1, 5], widths: [64, 32], residual: true })
      const model = { network, engine }
      const [good, secret] = [sampleRgba(20, 12, 7), sampleRgba(200, 200, 8)]
      await expect(upscale(secret, 2, model, plainEnlarger)).rejects.toThrow('killed')
      isKilled = false
      const alone = { network, engine: createFusedEngine(kernels) }
      expect(await upscale(good, 2, model, plainEnlarger)).toEqual(await upscale(good, 2, alone, plainEnlarger))
    })
  })
})

describe('pictures are isolated:', () => {
  const SIDE = 48
  const MARK_PIXELS = 4
  const MARK_BYTES = 4 * MARK_PIXELS
  /** Bytes of the header of a scan of three components, with its marker. */
  const SCAN_HEADER_BYTES = 14

  /** A picture that repeats a mark of MARK_PIXELS random pixels over its whole area. */
  const secret: Rgba = (() => {
    const random = createRandom(37)
    const mark = Uint8Array.from({ length: MARK_BYTES }, (_, i) => (i % 4 === 3 ? 255 : random.below(256)))
    const data = Uint8Array.from({ length: 4 * SIDE * SIDE }, (_, i) => mark[i % MARK_BYTES])
    return { width: SIDE, height: SIDE, data }
  })()
  const victim = gradient(SIDE, SIDE)

  const windowsOf = (bytes: Uint8Array | Uint8ClampedArray) => {
    const text = Buffer.from(bytes).toString('latin1')
    return Array.from({ length: Math.max(0, text.length - MARK_BYTES + 1) }, (_, i) => text.slice(i, i + MARK_BYTES))
  }

  /**
   * Returns all byte sequences that reveal the secret picture. They are taken from its pixels, from the decoded pixels
   * of each of `files`, and from the bytes of `files`.
   */
  async function marksOf(files: readonly Uint8Array[]): Promise<ReadonlySet<string>> {
    const decoded = await Promise.all(files.map((file) => fresh.decode(file, readHeader(file))))
    const marks = new Set([secret, ...decoded].flatMap(({ data }) => windowsOf(data)))
    for (const file of files) {
      // Only the second half of a file is used, and of a JPEG only what follows the last scan header, because what
      // precedes it (tables, for example) is the same in many files.
      const header = [...file.keys()].findLast((i) => file[i] === 0xff && file[i + 1] === 0xda) ?? 0
      const from = Math.max(file.length >> 1, file[0] === 0xff ? header + SCAN_HEADER_BYTES : 0)
      for (const part of windowsOf(file.subarray(from, -MARK_BYTES))) marks.add(part)
    }
    return marks
  }

  const findMark = (bytes: Uint8Array | Uint8ClampedArray, marks: ReadonlySet<string>) =>
    windowsOf(bytes).find((part) => marks.has(part))

  test('a truncated or damaged file shows nothing of the previous picture', MINUTES, async () => {
    const random = createRandom(41)
    const codec = createCodec(modules)
    const secrets = await Promise.all(KINDS.map(async (kind) => WRITERS[kind](secret)))
    const marks = await marksOf(secrets.filter((_, i) => !KINDS[i].includes('lossless')))
    const exact = KINDS.filter((kind) => !/JPEG|lossy/.test(kind))
    for (const [i, kind] of KINDS.entries()) {
      const { data } = await codec.decode(secrets[i], readHeader(secrets[i]))
      expect(findMark(data, marks), kind).toBeDefined() // the search can find a mark
      if (exact.includes(kind)) expect(same(data, secret.data), kind).toBe(true)
      const whole = await WRITERS[kind](victim)
      expect(findMark((await codec.decode(whole, readHeader(whole))).data, marks), kind).toBeUndefined()
      for (let turn = 0; turn < 40; turn++) {
        const how = turn < 20 ? 'truncated' : DAMAGES[turn % DAMAGES.length]
        const bad = damaged(whole, how, random)
        await codec.decode(secrets[i], readHeader(secrets[i]))
        for (const format of ENCODE_FORMATS) await codec.encode(secret, { format, quality: 85 })
        const got = await outcomeOf(codec, bad, whole)
        expectSameOutcome(got, await outcomeOf(fresh, bad, whole), `${kind}, ${how}`)
        if (!(got instanceof Error)) expect(findMark(got.data, marks), kind).toBeUndefined()
      }
    }
  })

  test('a file that lacks a part of its picture shows nothing of the previous picture', async () => {
    const codec = createCodec(modules)
    const marks = await marksOf([])
    const names = ['a scan', 'two scans', 'all but one scan', 'rows of GIF', 'rows of BMP']
    const jpeg = await WRITERS['progressive JPEG'](victim)
    const scans = [...jpeg.keys()].filter((i) => jpeg[i] === 0xff && jpeg[i + 1] === 0xda)
    expect(scans.length).toBeGreaterThan(3)
    const END = [0xff, 0xd9]
    const gif = await WRITERS.GIF(victim)
    const bmp = bmp24(victim)
    const bad = [
      Uint8Array.from([...jpeg.subarray(0, scans[1]), ...END]),
      Uint8Array.from([...jpeg.subarray(0, scans[2]), ...END]),
      Uint8Array.from([...jpeg.subarray(0, scans[0]), ...jpeg.subarray(scans[1])]),
      Uint8Array.from([...gif.subarray(0, gif.length >> 1), 0, 0x3b]),
      bmp.subarray(0, bmp.length >> 1),
    ]
    const wholes = [jpeg, jpeg, jpeg, gif, bmp]
    for (const [i, file] of bad.entries()) {
      for (const kind of KINDS) {
        const before = await WRITERS[kind](secret)
        await codec.decode(before, readHeader(before))
      }
      const got = await outcomeOf(codec, file, wholes[i])
      expectSameOutcome(got, await outcomeOf(fresh, file, wholes[i]), names[i])
      if (!(got instanceof Error)) expect(findMark(got.data, marks), names[i]).toBeUndefined()
    }
  })

  test.each(ENCODE_FORMATS)('the %s encoder writes nothing of the previous picture', async (format) => {
    const codec = createCodec(modules)
    const as = { format, quality: 85 }
    const secretFile = await codec.encode(secret, as)
    const marks = await marksOf(format === 'png' ? [] : [secretFile])
    const tooWide = {
      width: 70_000,
      height: 1,
      data: new Uint8Array(280_000).map((_, i) => secret.data[i % MARK_BYTES]),
    }
    for (const picture of [victim, gradient(1, 1), gradient(5, 90, (x, y) => x * y), gradient(200, 9)]) {
      for (const before of [secret, tooWide]) await codec.encode(before, as).catch(() => undefined)
      const file = await codec.encode(picture, as)
      expect(same(file, await fresh.encode(picture, as))).toBe(true)
      expect(findMark(file, marks)).toBeUndefined()
      expect(findMark((await fresh.decode(file, readHeader(file))).data, marks)).toBeUndefined()
    }
  })
})
