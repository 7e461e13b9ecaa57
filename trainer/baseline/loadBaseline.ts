// Dictionaries on disk, so that nobody learns the same one twice: a line of JSON, then the arrays'
// bytes (little-endian, as every machine that runs Node here has them).
import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Dataset } from '../data/dataset.ts'
import { RUNS } from '../run/folder.ts'
import type { Dictionary } from './enlargeSparse.ts'
import { windowLength, windowSide } from './features.ts'
import { LEARN_OPTIONS, learnDictionary, type LearnOptions, type OnProgress } from './learnDictionary.ts'

/** Raised whenever the same data and options would give another dictionary. */
const VERSION = 1

export interface BaselineOptions {
  /** Default `trainer/runs/.baseline`: a hidden folder is no run. */
  readonly folder?: string
  readonly learn?: LearnOptions
  readonly onProgress?: OnProgress
}

/** The dictionary of these pictures at this scale: read where it was learned before, else learned and kept. */
export async function loadBaseline(
  data: Pick<Dataset, 'name' | 'digest' | 'pictures'>,
  scale: number,
  { folder = path.join(RUNS, '.baseline'), learn = LEARN_OPTIONS, onProgress }: BaselineOptions = {},
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
  await mkdir(folder, { recursive: true })
  await writeFile(`${file}.new`, [`${recipe}\n`, components, anchors, maps])
  await rename(`${file}.new`, file)
  return dictionary
}

/** Undefined where there is no such file, or one cut short. */
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
  const { buffer } = Uint8Array.from(body) // a copy that starts where arrays of numbers may
  return {
    scale,
    size,
    components: new Float64Array(buffer, 0, lengths[0]),
    anchors: new Float64Array(buffer, a, lengths[1]),
    maps: new Float32Array(buffer, a + b, lengths[2]),
  }
}
