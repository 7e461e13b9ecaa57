// A folder of pictures, through the decoders that serve.
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import type { Rgba } from '../worker/image/plane.ts'
import { createCodec } from '../worker/codec/codec.ts'
import { readHeader } from '../worker/codec/header.ts'
import { loadCodecModules } from '../worker/codec/node.ts'

export interface Picture {
  /** The file's name without its ending. */
  readonly name: string
  readonly rgba: Rgba
  /** Stored without colour: evaluation takes such a picture's levels as its luma. */
  readonly isGrey: boolean
}

export interface Dataset {
  /** The folder's name. */
  readonly name: string
  /** In the order of their file names, by code units: the same on every machine. */
  readonly pictures: readonly Picture[]
  /** Over names and bytes, 16 hexadecimal digits: tells whether two runs saw the same data. */
  readonly digest: string
}

const ENDINGS = /\.(jpe?g|png|webp|bmp|gif)$/i

/** Throws for a folder without pictures, and for a picture that cannot be decoded, by its name. */
export async function readDataset(folder: string): Promise<Dataset> {
  const files = (await readdir(folder)).filter((file) => ENDINGS.test(file))
  files.sort()
  if (files.length === 0) throw new Error(`expected pictures (JPEG, PNG, WebP, BMP, GIF) in ${folder}, got none`) // prettier-ignore
  const codec = createCodec(await loadCodecModules())
  const hash = createHash('sha256')
  const pictures: Picture[] = []
  for (const file of files) {
    const bytes = await readFile(path.join(folder, file))
    hash.update(file).update(bytes)
    const header = readHeader(bytes)
    try {
      const rgba = await codec.decode(bytes, header)
      pictures.push({
        name: path.parse(file).name,
        rgba: overBlack(rgba), // as `upscale` has it
        isGrey: header.grey,
      })
    } catch (cause) {
      throw new Error(`${path.join(folder, file)} cannot be decoded`, { cause })
    }
  }
  const name = path.basename(path.resolve(folder))
  return { name, pictures, digest: hash.digest('hex').slice(0, 16) }
}

/** The picture without transparency. */
function overBlack({ width, height, data: rgba }: Rgba): Rgba {
  const data = Uint8ClampedArray.from(rgba, (level, i) => (level * rgba[i | 3]) / 255)
  for (let p = 3; p < data.length; p += 4) data[p] = 255
  return { width, height, data }
}
