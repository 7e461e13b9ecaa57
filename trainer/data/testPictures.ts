// Pictures that are never trained on: those that are, or are known to hold, one that is evaluated on.
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { Codec } from '../../worker/codec/codec.ts'
import { readHeader } from '../../worker/codec/header.ts'
import type { Rgba } from '../../worker/image/plane.ts'
import { type PictureSet, decodeOverBlack, type Picture } from './pictureSet.ts'

/** What a run is evaluated on. Plain data, so that threads can be handed it. */
export interface TestPictures {
  /** `woman of Set5`, by the digest of its pixels. */
  readonly titles: ReadonlyMap<string, string>
  /** How many pixels they have: a picture of another number is none of them and needs no decoding. */
  readonly pixels: ReadonlySet<number>
}

/**
 * Files that hold a picture of Set5 or Set14, at another size or as a part, by the SHA-256 of their bytes
 * as they are distributed. Searched: T91, BSDS400 and Kodak24, by SIFT with RANSAC over a similarity,
 * mirrored too, and by normalised correlation at 18 sizes; the best candidates by eye. This pair has 284
 * matches; the next, 16, is another butterfly of the same species; the rest have 6 at most.
 */
const HOLDERS: readonly {
  readonly name: string
  readonly holds: string
  readonly sha256: string
}[] = [
  {
    name: 'BSDS500 302003.jpg',
    holds: 'woman of Set5',
    sha256: 'a80e9a11541b6b93e21ef1d9b21e2434d3d2b729307a5ac86b1a02e066bc52b4',
  },
]

export function testPicturesOf(sets: readonly PictureSet[]): TestPictures {
  const all = sets.flatMap(({ name: set, pictures }) =>
    pictures.map(({ name, rgba }) => ({ title: `${name} of ${set}`, rgba })),
  )
  return {
    titles: new Map(all.map(({ title, rgba }) => [digestOf(rgba), title])),
    pixels: new Set(all.map(({ rgba }) => rgba.width * rgba.height)),
  }
}

/** `holds woman of Set5`: why a file must not be trained on; undefined where it may be. */
export async function testPictureIn(bytes: Uint8Array, tests: TestPictures, codec: Codec): Promise<string | undefined> {
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const holder = HOLDERS.find((one) => one.sha256 === sha256)
  if (holder) return `holds ${holder.holds}`
  const { width, height } = readHeader(bytes)
  if (!tests.pixels.has(width * height)) return undefined
  try {
    const title = tests.titles.get(digestOf((await decodeOverBlack(codec, sha256, bytes)).rgba))
    return title && `is ${title}`
  } catch {
    return undefined // whoever wants its pixels will say so
  }
}

/** A picture to train or validate on. Throws with the file's name where it must not be, or cannot be decoded. */
export async function readPicture(
  codec: Codec,
  file: string,
  tests: TestPictures | undefined,
): Promise<Pick<Picture, 'rgba' | 'isGrey'>> {
  const bytes = await readFile(file)
  const objection = tests && (await testPictureIn(bytes, tests, codec))
  if (objection) throw new Error(`${file} ${objection}`)
  return decodeOverBlack(codec, file, bytes)
}

function digestOf({ width, height, data }: Rgba): string {
  return createHash('sha256').update(`${width}x${height}`).update(data).digest('hex')
}
