import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { createInstances } from '../../../worker/codec/instance.ts'
import type { JpegVariant } from '../../../worker/codec/jpeg/variant.ts'
import { createSymbolCoder, joinStrips } from '../../../worker/codec/jpeg/strips.ts'
import { loadCodecModules } from '../../../worker/platform/nodeFiles.ts'
import type { Rgba } from '../../../worker/image/plane.ts'
import { createRandom } from '../../../worker/image/prng.ts'
import { codec, gradient, greyGradient } from '../../support/pictures/codec.ts'

const { jpegSymbols } = await loadCodecModules()
const random = createRandom(11)

/** Returns the picture with random colours, so that its file contains every symbol and hundreds of bytes 0xff. */
function noise(picture: Rgba): Rgba {
  return { ...picture, data: picture.data.map((value, i) => (i % 4 === 3 ? value : random.below(256))) }
}

async function stripsOf(
  { width, height, data }: Rgba,
  rows: number,
  quality: number,
  subsampling: JpegVariant['subsampling'],
): Promise<Uint8Array[]> {
  const files: Uint8Array[] = []
  for (let top = 0; top < height; top += rows) {
    const strip = {
      width,
      height: Math.min(rows, height - top),
      data: data.subarray(top * width * 4, (top + rows) * width * 4),
    }
    files.push(await codec.encode(strip, { format: 'jpeg', quality, jpeg: { subsampling, steps: 'robidoux' } }))
  }
  return files
}

function join(files: readonly Uint8Array[], height: number, instances = createInstances()) {
  return instances.run(createSymbolCoder, jpegSymbols, (coder) => joinStrips(coder, files, height))
}

const rowsOf = (file: Uint8Array) =>
  sharp(file, { failOn: 'warning' }).toColourspace('srgb').removeAlpha().raw().toBuffer()

// libvips decodes the joined file and the single strips. Some pictures have ten strips or more, so that the numbers of
// the restart markers, which run from 0 to 7, repeat.
describe('joined strips decode to the same pixels as the single strips', () => {
  test.each([
    ['colour', gradient(203, 331), 32, 85, '4:4:4'],
    ['grey', greyGradient(203, 331), 32, 85, '4:2:0'],
    ['noise', noise(gradient(99, 180)), 16, 100, '4:4:4'],
    ['coarse noise', noise(gradient(99, 180)), 16, 1, '4:4:4'],
    ['white', gradient(77, 150, () => 0), 16, 85, '4:2:0'],
    ['two strips', gradient(301, 65), 48, 60, '4:4:4'],
    ['chroma at half size', noise(gradient(150, 333)), 32, 95, '4:2:0'],
  ] as const)('%s', async (_, picture, rows, quality, subsampling) => {
    const files = await stripsOf(picture, rows, quality, subsampling)
    const whole = await rowsOf(await join(files, picture.height))
    const apart = Buffer.concat(await Promise.all(files.map(rowsOf)))
    expect(whole.length).toBe(apart.length)
    // The decoder smooths half-size chroma across the border between strips, so rows at a border may differ.
    const isNearBorder = (y: number) => subsampling === '4:2:0' && (y % rows === 0 || y % rows === rows - 1)
    const bytes = 3 * picture.width
    for (let y = 0; y < picture.height; y++) {
      if (isNearBorder(y)) continue
      expect(whole.subarray(y * bytes, (y + 1) * bytes).equals(apart.subarray(y * bytes, (y + 1) * bytes))).toBe(true)
    }
  })
})

test('Huffman codes fitted to the whole picture take fewer bytes than codes fitted to each strip', async () => {
  const picture = noise(gradient(203, 331))
  const files = await stripsOf(picture, 32, 85, '4:2:0')
  const apart = files.reduce((sum, { length }) => sum + length, 0)
  expect((await join(files, picture.height)).length).toBeLessThan(apart)
})

test('joining broken strips neither traps nor shows bytes of strips that were joined before', async () => {
  const instances = createInstances()
  const picture = noise(gradient(120, 64))
  const whole = await stripsOf(picture, 32, 90, '4:2:0')
  for (let turn = 0; turn < 60; turn++) {
    await join(whole, picture.height, instances)
    const broken = whole.map((file) => {
      // Damages only coded bytes, because all headers are in the first half of the file. The cut may remove the end
      // marker (EOI), which joinStrips does not need.
      const [from, to] = [file.length >> 1, file.length - random.below(file.length >> 2)]
      const kept = file.slice(0, to)
      const any = () => (turn % 3 === 0 ? 255 : random.below(256))
      return kept.map((byte, i) => (i < from ? byte : any()))
    })
    const joined = await join(broken, picture.height, instances)
    expect(Buffer.compare(joined, await join(broken, picture.height))).toBe(0)
  }
})
