// Reads folders of pictures with the worker's decoders.
import { createHash } from 'node:crypto'
import { readdir, readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import type { Rgba } from '../../worker/image/plane.ts'
import { createCodec } from '../../worker/codec/codec.ts'
import type { Codec } from '../../worker/codec/contract.ts'
import { readHeader } from '../../worker/codec/header.ts'
import { loadCodecModules } from '../../worker/platform/nodeFiles.ts'

export interface Picture {
  /** Path of the file below the set's folder, without the extension. */
  readonly name: string
  readonly rgba: Rgba
  /** True if the file stores no colour. Evaluation then uses the picture's levels as its luma. */
  readonly isGrey: boolean
}

export interface PictureSet {
  /** The folder's name. */
  readonly name: string
  /** Sorted by file name in code units, so that the order is the same on every machine. */
  readonly pictures: readonly Picture[]
  /**
   * First 16 hexadecimal digits of a SHA-256 over the pictures' names and bytes. Runs that used the same data have the
   * same digest.
   */
  readonly digest: string
}

export interface ListedPicture {
  /** Name of the folder and the path below it, with slashes: `T91/t1.png`. */
  readonly name: string
  /** Path of the file. */
  readonly file: string
  readonly bytes: number
}

const ENDINGS = /\.(jpe?g|png|webp|bmp|gif)$/i
/** `holdOut` keeps this share of the pictures out of training, but at most MOST_HELD_OUT pictures. */
const HELD_OUT_SHARE = 0.05
const MOST_HELD_OUT = 24

/**
 * Reads all pictures of a folder and its subfolders, for evaluation. Throws if the folder has no pictures. Throws an
 * error with the file's name if a picture cannot be decoded, because a mean over fewer pictures would mislead.
 */
export async function readPictureSet(folder: string): Promise<PictureSet> {
  const codec = createCodec(await loadCodecModules())
  const hash = createHash('sha256')
  const pictures: Picture[] = []
  for (const { name, file } of await listPictures([folder])) {
    const below = name.slice(name.indexOf('/') + 1)
    const bytes = await readFile(file)
    hash.update(below).update(bytes)
    pictures.push({
      name: below.replace(ENDINGS, ''),
      ...(await decodeOverBlack(codec, file, bytes)),
    })
  }
  const name = path.basename(path.resolve(folder))
  return { name, pictures, digest: hash.digest('hex').slice(0, 16) }
}

/**
 * Lists the pictures in folders and their subfolders, folder by folder. Within a folder the pictures are sorted by name
 * in code units. Ignores hidden files and links to folders. Throws if a folder has no pictures.
 */
export async function listPictures(folders: readonly string[]): Promise<ListedPicture[]> {
  const all: ListedPicture[] = []
  for (const folder of folders) {
    const found = await listBelow(folder, path.basename(path.resolve(folder)))
    if (found.length === 0) throw new Error(`expected pictures (JPEG, PNG, WebP, BMP, GIF) in ${folder}, got none`)
    found.sort((a, b) => (a.name < b.name ? -1 : 1))
    for (const file of found) all.push(file)
  }
  return all
}

async function listBelow(folder: string, name: string): Promise<ListedPicture[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  const visible = entries.filter((entry) => !entry.name.startsWith('.'))
  const isFolder = (entry: (typeof visible)[number]) => entry.isDirectory()
  const files = await Promise.all(
    visible
      .filter((entry) => !isFolder(entry) && ENDINGS.test(entry.name))
      .map(async (entry) => {
        const file = path.join(folder, entry.name)
        return { name: `${name}/${entry.name}`, file, bytes: (await stat(file)).size }
      }),
  )
  for (const { name: below } of visible.filter(isFolder)) {
    const deeper = await listBelow(path.join(folder, below), `${name}/${below}`)
    for (const file of deeper) files.push(file)
  }
  return files
}

/**
 * Decodes a picture and blends it over black, as the worker's `upscale` does. If the picture cannot be decoded, throws
 * an error with the file's name.
 */
export async function decodeOverBlack(
  codec: Codec,
  file: string,
  bytes: Uint8Array,
): Promise<Pick<Picture, 'rgba' | 'isGrey'>> {
  const header = readHeader(bytes)
  try {
    return { rgba: overBlack(await codec.decode(bytes, header)), isGrey: header.grey }
  } catch (cause) {
    throw new Error(`${file} cannot be decoded`, { cause })
  }
}

/**
 * Keeps about 5 % of the pictures out of training: at least 2 if there are 10 or more pictures, 1 if there are 4 to 9,
 * 0 if there are fewer, and never more than 24. Chooses the pictures whose names have the lowest hashes, so that adding
 * pictures changes the choice little.
 */
export function holdOut<T extends { readonly name: string }>(files: readonly T[]): { training: T[]; validation: T[] } {
  const least = files.length >= 10 ? 2 : files.length >= 4 ? 1 : 0
  const share = files.length < 4 ? 0 : Math.round(HELD_OUT_SHARE * files.length)
  const count = Math.min(MOST_HELD_OUT, Math.max(least, share))
  const hashes = new Map(files.map((file) => [file, hashOf(file.name)]))
  const lowest = files.toSorted((a, b) => (hashes.get(a)! < hashes.get(b)! ? -1 : 1)).slice(0, count)
  const chosen = new Set(lowest)
  return {
    training: files.filter((file) => !chosen.has(file)),
    validation: files.filter((file) => chosen.has(file)),
  }
}

function hashOf(name: string): string {
  return createHash('sha256').update(name).digest('hex')
}

/** Returns the picture blended over black. The result is opaque. */
function overBlack({ width, height, data: rgba }: Rgba): Rgba {
  const data = new Uint8ClampedArray(rgba.length)
  // This is a loop because `Uint8ClampedArray.from` takes ten times as long.
  for (let i = 0; i < data.length; i++) data[i] = (rgba[i] * rgba[i | 3]) / 255
  for (let p = 3; p < data.length; p += 4) data[p] = 255
  return { width, height, data }
}
