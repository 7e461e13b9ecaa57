// Compares our PNG encoder with Paeth's filter in JavaScript and zlib at level 6, which every platform offers as
// CompressionStream. The pictures are enlarged by bicubic: photographs of Kodak where they are present, and the samples.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { DATA_FOLDER } from '../../trainer/commands/trainOptions.ts'
import { createInstances } from '../../worker/codec/instance.ts'
import { encodePng } from '../../worker/codec/png.ts'
import type { Rgba } from '../../worker/image/plane.ts'
import { rowsOf } from '../../worker/image/rows.ts'
import { loadCodecModules } from '../../worker/platform/nodeFiles.ts'
import { compare, cpuMs, type Table } from './compare.ts'

const KODAK = ['01', '05', '13', '15', '23'].map((name) => join(DATA_FOLDER, 'Kodak24', `${name}.png`))
const SAMPLES = ['harbour.jpg', 'page.png', 'icon.png', 'engraving.png'].map((name) =>
  join('worker/assets/samples', name),
)
const SCALES = [2, 3]

export async function benchPng({ rounds = 10 }: { readonly rounds?: number }): Promise<Table[]> {
  const { pngEncoder } = await loadCodecModules()
  const instances = createInstances()
  const tables: Table[] = []
  for (const path of [...KODAK.filter((file) => existsSync(file)), ...SAMPLES]) {
    for (const scale of SCALES) {
      const picture = await enlarged(path, scale)
      const { width, height } = picture
      const sizes = { ours: 0, zlib: 0 }
      const contenders = [
        { name: 'Paeth in JavaScript, zlib level 6', run: async () => (sizes.zlib = await zlibBytes(picture)) },
        {
          name: 'ours',
          run: async () => {
            const file = await encodePng(instances, pngEncoder, rowsOf(picture), { grey: false, alpha: false })
            sizes.ours = file.length
          },
        },
      ]
      const table = await compare(`${path} x${scale}, ${width}x${height}, CPU time`, contenders, {
        rounds,
        warmups: 2,
        clock: cpuMs,
      })
      const pixels = width * height
      const [, ours] = table.rows
      const notes = [
        `ours: ${((1e6 * ours.medianMs) / pixels).toFixed(1)} ns a pixel, ${(sizes.ours / pixels).toFixed(3)} bytes a pixel, ` +
          `${(100 * (sizes.ours / sizes.zlib - 1)).toFixed(2)} % more bytes than zlib's ${sizes.zlib}`,
      ]
      tables.push({ ...table, notes })
    }
  }
  return tables
}

async function enlarged(path: string, scale: number): Promise<Rgba> {
  const { width, height } = await sharp(path).metadata()
  const { data, info } = await sharp(path)
    .flatten({ background: 'white' })
    .toColourspace('srgb')
    .resize(scale * width, scale * height, { kernel: 'cubic' })
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true })
  return { width: info.width, height: info.height, data }
}

/** Filters and compresses an opaque picture, and returns the number of bytes. */
async function zlibBytes({ width, height, data }: Rgba): Promise<number> {
  const rowBytes = 3 * width
  const filtered = new Uint8Array(height * (1 + rowBytes))
  let row = new Uint8Array(rowBytes)
  let above = new Uint8Array(rowBytes)
  for (let y = 0; y < height; y++) {
    const swap = above
    above = row
    row = swap
    for (let x = 0, from = 4 * width * y, to = 0; x < width; x++, from += 4) {
      row[to++] = data[from]
      row[to++] = data[from + 1]
      row[to++] = data[from + 2]
    }
    const at = y * (1 + rowBytes)
    filtered[at] = 4
    filterPaeth(row, above, filtered.subarray(at + 1, at + 1 + rowBytes))
  }
  const stream = new Blob([filtered]).stream().pipeThrough(new CompressionStream('deflate'))
  return (await new Response(stream).arrayBuffer()).byteLength
}

function filterPaeth(row: Uint8Array, above: Uint8Array, out: Uint8Array): void {
  for (let i = 0; i < row.length; i++) {
    const left = i < 3 ? 0 : row[i - 3]
    const up = above[i]
    const corner = i < 3 ? 0 : above[i - 3]
    const toLeft = Math.abs(up - corner)
    const toUp = Math.abs(left - corner)
    const toCorner = Math.abs(left + up - 2 * corner)
    const best = toLeft <= toUp && toLeft <= toCorner ? left : toUp <= toCorner ? up : corner
    out[i] = row[i] - best
  }
}
