import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { beforeEach, expect, test, vi } from 'vitest'
import { command } from '../../../trainer/commands/promote.ts'
import { readManifest } from '../../../trainer/run/export.ts'
import { formatManifest } from '../../../worker/model/manifest.ts'
import { makeRunFolder } from '../../support/trainer/runFolder.ts'

let output: string[]

beforeEach(() => {
  const before = process.cwd()
  process.chdir(mkdtempSync(path.join(tmpdir(), 'promote-')))
  output = []
  const log = vi.spyOn(console, 'log').mockImplementation((line: string) => void output.push(line))
  return () => {
    log.mockRestore()
    process.chdir(before)
  }
})

test('promote copies the weights of a run into models/ and keeps models of other names and scales', async () => {
  await command.run([await makeRunFolder({ lift: 0.1, psnr: 31 }, { scale: 3, lift: 0.1, psnr: 31 })])
  await command.run([await makeRunFolder({ lift: 0.2, psnr: 32 }, { scale: 3, lift: 0.9, psnr: 33 }), '--scale', '2'])
  const { models } = await readManifest('models')
  expect(models.map(({ file, validation }) => [file, validation?.psnr])).toEqual([
    ['fast-x2.onnx', 32],
    ['fast-x3.onnx', 31],
  ])
  expect(output.at(-1)).toContain('the gain of fast x2 on the test scenes is not recorded')
})

test('a whole run is refused if one of its models scores worse than the current one, unless --force is given', async () => {
  await command.run([await makeRunFolder({ lift: 0.1, psnr: 31 })])
  const before = readFileSync('models/manifest.json', 'utf8')
  const run = await makeRunFolder({ scale: 3, lift: 0.1, psnr: 31 }, { lift: 0.2, psnr: 30.9 })
  await expect(command.run([run])).rejects.toThrow('fast x2 loses to the current weights, 30.900 dB against 31.000')
  expect(readFileSync('models/manifest.json', 'utf8')).toBe(before)
  await command.run([run, '--force'])
  expect((await readManifest('models')).models.map(({ validation }) => validation?.psnr)).toEqual([30.9, 31])
})

test('weights without comparable validation figures are promoted with a note', async () => {
  await command.run([await makeRunFolder({ lift: 0.1 })])
  expect(output.join()).toContain('fast x2 has no validation figures: not compared with bicubic')
  await command.run([await makeRunFolder({ lift: 0.2, psnr: 31 })])
  expect(output.join()).toContain('not compared with the current weights, which have no validation figures')
  await command.run([await makeRunFolder({ lift: 0.3, psnr: 30.5, validation: { images: 4 } })])
  expect(output.join()).toContain('were validated on other pictures (3 of held out, float)')
})

test('the recorded gain on the test scenes is kept when the same weights are promoted again', async () => {
  const run = await makeRunFolder({ lift: 0.1, psnr: 31 })
  await command.run([run])
  const { models } = await readManifest('models')
  writeFileSync('models/manifest.json', formatManifest({ version: 1, models: [{ ...models[0], scenes: 2.5 }] }))
  await command.run([run])
  expect((await readManifest('models')).models[0].scenes).toBe(2.5)
})

test('a run with a network on RGB is refused, even with --force, and nothing is copied', async () => {
  const run = await makeRunFolder({ lift: 0.1, psnr: 31 }, { scale: 3, lift: 0.1, channels: 3, psnr: 31 })
  for (const options of [[], ['--force']]) {
    await expect(command.run([run, ...options])).rejects.toThrow(
      'fast-x3.onnx: expected a network on luma, the only kind that the worker serves, got one on 3 channels',
    )
  }
  expect((await readManifest('models')).models).toEqual([])
})

const PROCEDURAL = { sha256: 'a'.repeat(64), data: 'procedural (114 images)' }
const T91 = { sha256: 'b'.repeat(64), data: 'T91 (91 images)', licence: 'T91: licence unknown' }

test.each([
  ['T91', [T91], 'got bbbbbbbb, trained on T91 (91 images) (T91: licence unknown)'],
  ['T91, two generations ago', [PROCEDURAL, T91], 'got bbbbbbbb'],
  ['unknown pictures', [{ sha256: 'c'.repeat(64) }], 'got cccccccc, trained on unknown pictures'],
])('weights from free pictures that descend from %s are refused, even with --force', async (_, parents, message) => {
  const run = await makeRunFolder({ lift: 0.1, data: 'procedural (114 images)', parents })
  await expect(command.run([run, '--force'])).rejects.toThrow(message)
  expect((await readManifest('models')).models).toEqual([])
})

test('weights from free pictures may descend from free ones, and others from any, and the manifest names the parents', async () => {
  const free = { lift: 0.1, data: 'procedural (114 images)', parents: [PROCEDURAL] }
  await command.run([await makeRunFolder(free, { scale: 3, lift: 0.1, data: 'T91 (91 images)', parents: [T91] })])
  expect((await readManifest('models')).models.map(({ parents }) => parents)).toEqual([[PROCEDURAL], [T91]])
})

test('promoting an altered file, a missing scale, models/ itself or an unknown run is refused', async () => {
  const run = await makeRunFolder({ lift: 0.1 })
  await expect(command.run([run, '--scale', '4'])).rejects.toThrow(`expected x4 in ${run}, got fast x2`)
  await command.run([run])
  await expect(command.run(['models'])).rejects.toThrow('expected a run to promote, got models itself')
  writeFileSync(path.join(run, 'fast-x2.onnx'), 'other')
  await expect(command.run([run])).rejects.toThrow(/expected .*fast-x2.onnx to have the sha256 of its manifest/)
  await expect(command.run(['nothing'])).rejects.toThrow('expected a run in trainer/runs or a folder')
  await expect(command.run([])).rejects.toThrow('expected RUN to promote, got nothing')
})
