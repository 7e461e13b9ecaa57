import { existsSync, readFileSync } from 'node:fs'
import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { formatManifest, type ModelEntry, parseManifest, withEntry } from '../../../worker/model/manifest.ts'
import { describeNetwork } from '../../../worker/model/network.ts'
import { decodeNetwork } from '../../../worker/model/networkFile.ts'
import { ModelError } from '../../../worker/model/onnx.ts'
import { licenceOf } from '../../../trainer/data/licences.ts'

const ENTRY: ModelEntry = {
  name: 'srcnn',
  scale: 3,
  file: 'srcnn-x3.onnx',
  sha256: '0123456789abcdef'.repeat(4),
  bytes: 33_166,
}
const text = (entry: object) => JSON.stringify({ version: 1, models: [entry] })

test('parsing a formatted manifest returns its entries, and the text does not depend on the order in which they were added', () => {
  const full: ModelEntry = {
    ...ENTRY,
    data: 'T91 (86 images)',
    licence: 'T91: circulates for research; licence unknown',
    seed: -1,
    parents: [
      { sha256: 'f'.repeat(64), data: 'T91 (91 images)', command: 'npm run trainer' },
      { sha256: 'e'.repeat(64) },
    ],
    scores: [{ set: 'Set5', input: 'float', images: 5, psnr: 32.49, ssim: 0.9, bicubic: { psnr: 30.39, ssim: 0.87 } }],
    validation: { data: 'held out of T91', images: 9, input: 'float', psnr: 31.2, bicubic: 29.4 },
    scenes: 2.1,
  }
  const other = { ...ENTRY, scale: 2, file: 'srcnn-x2.onnx' }
  const first = formatManifest({ version: 1, models: [full, other] })
  const second = formatManifest(withEntry({ version: 1, models: [other] }, full))
  expect(second).toBe(first)
  expect(parseManifest(first)).toEqual({ version: 1, models: [other, full] })
  expect(first.endsWith('}\n')).toBe(true)
})

test('a new entry replaces the entry with the same name and scale', () => {
  const manifest = { version: 1 as const, models: [ENTRY] }
  expect(withEntry(manifest, { ...ENTRY, bytes: 1 }).models).toEqual([{ ...ENTRY, bytes: 1 }])
})

test('unknown keys, which a later version may write, are ignored', () => {
  expect(parseManifest(text({ ...ENTRY, later: true })).models).toEqual([ENTRY])
})

test.each([
  ['text that is not JSON', '{', 'expected a manifest in JSON'],
  ['a list', '[]', 'the manifest: expected an object, got []'],
  [
    'a list nested deeper than any call stack',
    `{"version":${'['.repeat(1e5)}${']'.repeat(1e5)}}`,
    'expected manifest version 1, got a value nested too deeply',
  ],
  ['another version', '{"version":2}', 'expected manifest version 1, got 2'],
  ['a manifest without models', '{"version":1}', 'models: expected a list, got nothing'],
  [
    'an upper-case name',
    text({ ...ENTRY, name: 'SRCNN' }),
    'models[0].name: expected a name like "srcnn", got "SRCNN"',
  ],
  ['an unsupported scale', text({ ...ENTRY, scale: 5 }), 'models[0].scale: expected 2, 3, 4, got 5'],
  [
    'a path as file name',
    text({ ...ENTRY, file: '../srcnn.onnx' }),
    'models[0].file: expected a file name that ends in .onnx',
  ],
  ['a short digest', text({ ...ENTRY, sha256: 'ab' }), 'models[0].sha256: expected 64'],
  [
    'a parent without a digest',
    text({ ...ENTRY, parents: [{ data: 'T91' }] }),
    'models[0].parents[0].sha256: expected 64 lower-case hexadecimal digits, got nothing',
  ],
  ['a size of 0 bytes', text({ ...ENTRY, bytes: 0 }), 'models[0].bytes: expected a whole number above 0, got 0'],
  [
    'a score without PSNR',
    text({ ...ENTRY, scores: [{ set: 'Set5', input: 'float', images: 5 }] }),
    'models[0].scores[0].psnr: expected dB, got nothing',
  ],
  [
    'validation without the name of its data',
    text({ ...ENTRY, validation: { images: 9, input: 'float', psnr: 31.2, bicubic: 29.4 } }),
    'models[0].validation.data: expected text, got nothing',
  ],
  [
    'validation on no pictures',
    text({ ...ENTRY, validation: { data: 'T91', images: 0, input: 'float', psnr: 31.2, bicubic: 29.4 } }),
    'models[0].validation.images: expected a whole number above 0, got 0',
  ],
  [
    'validation without PSNR of bicubic',
    text({ ...ENTRY, validation: { data: 'T91', images: 9, input: 'float', psnr: 31.2 } }),
    'models[0].validation.bicubic: expected dB, got nothing',
  ],
  ['the same model twice', JSON.stringify({ version: 1, models: [ENTRY, ENTRY] }), 'got "srcnn" at scale 3 twice'],
])('%s is refused, and the error says where and what was expected', (_, manifest, message) => {
  expect(() => parseManifest(manifest)).toThrow(ModelError)
  expect(() => parseManifest(manifest)).toThrow(message)
})

test.each([
  ['T91', 'T91: circulates for research; licence unknown'],
  ['photos', undefined],
  ['photos+DIV2K', 'photos: unknown to us; DIV2K: academic research only'],
])('the licence of %s is %j', (data, licence) => {
  expect(licenceOf(data)).toBe(licence)
})

const MODELS = new URL('../../../models/', import.meta.url)

describe.skipIf(!existsSync(new URL('manifest.json', MODELS)))('the shipped weights', () => {
  const { models } = parseManifest(readFileSync(new URL('manifest.json', MODELS), 'utf8'))

  test.each(['srcnn', 'srcnn-jpeg', 'fast', 'fast-jpeg', 'quality'])('include %s at every scale', (name) => {
    expect(models.filter((model) => model.name === name).map(({ scale }) => scale)).toEqual([2, 3, 4])
  })

  const psnrOf = (name: string, scale: number, set: string, input: string) =>
    models
      .find((model) => model.name === name && model.scale === scale)
      ?.scores?.find((score) => score.set === set && score.input === input)?.psnr

  test.each(['srcnn', 'fast', 'quality'])(
    'of %s beat their -jpeg version on clean pictures and lose to it on JPEGs, as sr-model=auto assumes',
    (family) => {
      for (const scale of [2, 3, 4]) {
        for (const set of ['Set5', 'Set14']) {
          for (const input of ['float', 'uint8', 'jpeg:40', 'jpeg:60', 'jpeg:80']) {
            const [clean, jpeg] = [family, `${family}-jpeg`].map((name) => psnrOf(name, scale, set, input))
            const [better, worse] = input.startsWith('jpeg') ? [jpeg, clean] : [clean, jpeg]
            expect(better).toBeGreaterThan(worse!)
          }
        }
      }
    },
  )

  test('of the family "quality" beat those of "fast" at every scale', () => {
    for (const scale of [2, 3, 4]) {
      for (const set of ['Set5', 'Set14']) {
        expect(psnrOf('quality', scale, set, 'float')).toBeGreaterThan(psnrOf('fast', scale, set, 'float')!)
      }
    }
  })

  test('of the family "fast" beat those of "srcnn", on clean pictures and on JPEGs', () => {
    for (const scale of [2, 3, 4]) {
      for (const set of ['Set5', 'Set14']) {
        expect(psnrOf('fast', scale, set, 'float')).toBeGreaterThan(psnrOf('srcnn', scale, set, 'float')!)
        for (const input of ['jpeg:40', 'jpeg:60', 'jpeg:80']) {
          expect(psnrOf('fast-jpeg', scale, set, input)).toBeGreaterThan(psnrOf('srcnn-jpeg', scale, set, input)!)
        }
      }
    }
  })

  test.each(models)('in $file match the manifest', ({ file, sha256, bytes, architecture, data, licence, scores }) => {
    const content = readFileSync(new URL(file, MODELS))
    expect(content).toHaveLength(bytes)
    expect(createHash('sha256').update(content).digest('hex')).toBe(sha256)
    expect(describeNetwork(decodeNetwork(content))).toBe(architecture)
    expect(licence).toBe(licenceOf(data!.split(' ')[0]))
    // Weights for JPEGs may gain less over bicubic, because JPEGs contain less information.
    const isForJpegs = file.includes('-jpeg')
    for (const { input, psnr, bicubic } of scores ?? []) {
      if (isForJpegs) expect(psnr).toBeGreaterThan(bicubic.psnr + 0.45)
      else if (!input.startsWith('jpeg')) expect(psnr).toBeGreaterThan(bicubic.psnr + 1.2)
    }
  })
})
