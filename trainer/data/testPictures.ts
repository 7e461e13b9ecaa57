// Recognises test pictures, so that a run never trains on them: pictures of an evaluation set, and files known to
// contain one.
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { Codec } from '../../worker/codec/contract.ts'
import { readHeader } from '../../worker/codec/header.ts'
import type { Rgba } from '../../worker/image/plane.ts'
import { type PictureSet, decodeOverBlack, type Picture } from './pictureSet.ts'

/** The pictures that a run is evaluated on. Plain data, so that it can be sent to threads. */
export interface TestPictures {
  /** Titles such as `woman of Set5`, by the digest of the picture's pixels. */
  readonly titles: ReadonlyMap<string, string>
  /**
   * Numbers of pixels of all test pictures. A picture with another number of pixels is not a test picture and need not
   * be decoded.
   */
  readonly pixels: ReadonlySet<number>
}

/**
 * Files of training sets that contain a picture of Set5 or Set14, either all of it at another size or a part of it.
 * `sha256` is the digest of the file as it is distributed. T91, BSDS400 and Kodak24 were searched by SIFT with RANSAC
 * over a similarity transform, also mirrored, and by normalised correlation at 18 sizes; the best candidates were
 * compared by eye. The pair below has 284 matches. The next candidate, with 16, is another butterfly of the same
 * species. All others have at most 6.
 */
const CONTAINERS: readonly {
  readonly name: string
  readonly contains: string
  readonly sha256: string
}[] = [
  {
    name: 'BSDS500 302003.jpg',
    contains: 'woman of Set5',
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

/**
 * Returns the reason why a file must not be trained on, such as `contains woman of Set5`. Returns undefined if the file
 * may be trained on.
 */
export async function testPictureIn(bytes: Uint8Array, tests: TestPictures, codec: Codec): Promise<string | undefined> {
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const container = CONTAINERS.find((one) => one.sha256 === sha256)
  if (container) return `contains ${container.contains}`
  const { width, height } = readHeader(bytes)
  if (!tests.pixels.has(width * height)) return undefined
  try {
    const title = tests.titles.get(digestOf((await decodeOverBlack(codec, sha256, bytes)).rgba))
    return title && `is ${title}`
  } catch {
    return undefined // the error is reported when the file is decoded again for training
  }
}

/**
 * Reads a picture to train or validate on. If it is a test picture or cannot be decoded, throws an error with the
 * file's name.
 */
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
