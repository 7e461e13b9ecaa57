// A cache of learned dictionaries on disk. A file holds a line of JSON, then the bytes of the arrays in the byte order
// of the machine (little-endian on x86 and ARM).
import { createHash } from 'node:crypto'
import { readFile, rename, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { makeFolder } from '../../worker/terminal/makeFolder.ts'
import type { PictureSet } from '../data/pictureSet.ts'
import { RUNS_FOLDER } from '../run/runFolders.ts'
import type { Dictionary } from './enlargeSparse.ts'
import { windowLength, windowSide } from './features.ts'
import { LEARN_OPTIONS, learnDictionary, type LearnOptions, type OnProgress } from './learnDictionary.ts'

/** Part of the cache key. Raise it when the code changes so that the same data and options yield another dictionary. */
const VERSION = 1

export interface BaselineOptions {
  /** Folder of the cache. Default: `trainer/runs/.baseline`, which is hidden, so that it is not listed as a run. */
  readonly folder?: string
  readonly learn?: LearnOptions
  readonly onProgress?: OnProgress
}

/**
 * Returns the dictionary for these pictures and this scale. Reads it from the cache, or else learns it and caches it.
 */
export async function loadBaseline(
  data: Pick<PictureSet, 'name' | 'digest' | 'pictures'>,
  scale: number,
  { folder = path.join(RUNS_FOLDER, '.baseline'), learn = LEARN_OPTIONS, onProgress }: BaselineOptions = {},
): Promise<Dictionary> {
  const recipe = JSON.stringify({ version: VERSION, digest: data.digest, scale, ...learn })
  const key = createHash('sha256').update(recipe).digest('hex').slice(0, 16)
  const file = path.join(folder, `${data.name}-x${scale}-${key}.bin`)
  const known = await readDictionary(file, scale, learn)
  if (known) return known
  const dictionary = learnDictionary(
    data.pictures.map(({ rgba }) => rgba),
    scale,
    learn,
    onProgress,
  )
  const { components, anchors, maps } = dictionary
  await makeFolder(folder)
  await writeFile(`${file}.new`, [`${recipe}\n`, components, anchors, maps])
  await rename(`${file}.new`, file)
  return dictionary
}

/** Returns the dictionary in the file. Undefined if the file is missing or truncated. */
async function readDictionary(
  file: string,
  scale: number,
  { size, atoms }: LearnOptions,
): Promise<Dictionary | undefined> {
  let bytes: Buffer
  try {
    bytes = await readFile(file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  const body = bytes.subarray(bytes.indexOf('\n') + 1)
  const lengths = [size * windowLength(scale), atoms * size, atoms * windowSide(scale) ** 2 * size]
  const [a, b, c] = [8 * lengths[0], 8 * lengths[1], 4 * lengths[2]]
  if (body.length !== a + b + c) return undefined
  const { buffer } = Uint8Array.from(body) // a copy, because typed arrays need an aligned start
  return {
    scale,
    size,
    components: new Float64Array(buffer, 0, lengths[0]),
    anchors: new Float64Array(buffer, a, lengths[1]),
    maps: new Float32Array(buffer, a + b, lengths[2]),
  }
}
