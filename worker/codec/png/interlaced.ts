// Decodes an interlaced PNG: seven small pictures, each of which has every so many pixels of every so many rows (Adam7).
// https://www.w3.org/TR/png-3/#8InterlaceMethods

import { release } from '../../base/release.ts'
import type { Rgba } from '../../image/plane.ts'
import { createPngDecoder, inflatedBytesOf, type PngDecoderExports } from './decoder.ts'
import { damaged, type PngFile } from './file.ts'
import { inflate } from './inflate.ts'

/** Where the first pixel of each pass is, and how far its pixels and rows are apart. */
const PASSES = [
  { left: 0, top: 0, across: 8, down: 8 },
  { left: 4, top: 0, across: 8, down: 8 },
  { left: 0, top: 4, across: 4, down: 8 },
  { left: 2, top: 0, across: 4, down: 4 },
  { left: 0, top: 2, across: 2, down: 4 },
  { left: 1, top: 0, across: 2, down: 2 },
  { left: 0, top: 1, across: 1, down: 2 },
] as const

/** The pixels of a pass, of which `rows` are there so far. */
interface Pass {
  readonly place: (typeof PASSES)[number]
  readonly file: PngFile
  rows: number
}

/** Decodes the whole picture. `module` must be a new instance. Throws a DamagedError if the data end early. */
export async function decodeInterlaced(module: PngDecoderExports, file: PngFile): Promise<Rgba> {
  const { width, height } = file
  const picture = { width, height, data: new Uint8Array(4 * width * height) }
  try {
    await decodePasses(module, file, picture)
  } catch (error) {
    release(picture.data)
    throw error
  }
  return picture
}

async function decodePasses(module: PngDecoderExports, file: PngFile, picture: Rgba): Promise<void> {
  const { width, height } = file
  const passes = PASSES.map((one): Pass => {
    const { left, top, across, down } = one
    const size = { width: Math.ceil((width - left) / across), height: Math.ceil((height - top) / down) }
    return { place: one, file: { ...file, ...size }, rows: 0 }
  }).filter(({ file: small }) => small.width > 0 && small.height > 0)
  const needed = passes.reduce((sum, { file: small }) => sum + inflatedBytesOf(small), 0)

  let pass = passes.shift()! // a picture of one pixel has one pass
  let decoder = createPngDecoder(module, pass.file)
  for await (const inflated of inflate(file.data, needed)) {
    for (let at = 0; at < inflated.length;) {
      at = decoder.take(inflated, at)
      const band = decoder.band()
      if (band) placeRows(band, pass, picture)
      if (!decoder.isDone()) continue
      const next = passes.shift()
      if (!next) return
      pass = next
      decoder = createPngDecoder(module, pass.file)
    }
  }
  throw damaged('the data end early')
}

/** Copies rows of a pass to their places in the picture. */
function placeRows(band: Uint8Array, pass: Pass, { width, data }: Rgba): void {
  const { left, top, across, down } = pass.place
  const [from, to] = [new Uint32Array(band.buffer, band.byteOffset, band.length / 4), new Uint32Array(data.buffer)]
  for (let i = 0; i < from.length; pass.rows++) {
    const end = i + pass.file.width
    for (let at = (top + pass.rows * down) * width + left; i < end; at += across) to[at] = from[i++]
  }
}
