// Valid and hostile files from the test suites of other codecs. They are in a folder beside the repository. If that
// folder does not exist, the list `entries` is empty.
import { existsSync, readFileSync } from 'node:fs'

const CORPUS = new URL('../../../../shared/corpus/', import.meta.url)

export interface CorpusEntry {
  readonly file: string
  /** `decode` marks a valid file. Any other value marks a file that must not crash a decoder. */
  readonly expect: 'decode' | 'may' | 'nocrash' | 'limit' | 'reject'
  readonly format?: string
  readonly w?: number
  readonly h?: number
  readonly orientation?: number
  readonly icc?: boolean
  readonly pages?: number
}

const manifest = new URL('manifest.json', CORPUS)
export const entries: readonly CorpusEntry[] = existsSync(manifest) ? readManifest() : []

function readManifest(): CorpusEntry[] {
  const all = JSON.parse(readFileSync(manifest, 'utf8')) as CorpusEntry[]
  // Browsers do not turn WebP, whatever its EXIF says.
  return all.map((entry) => (entry.format === 'webp' ? Object.assign(entry, { orientation: 1 }) : entry))
}

export function bytesOf({ file }: CorpusEntry): Uint8Array {
  return new Uint8Array(readFileSync(new URL(file, CORPUS)))
}

/** Formats that the worker can decode and therefore enlarge. */
export const DECODABLE = ['jpeg', 'png', 'webp', 'gif', 'bmp']

/** Valid files in a format of DECODABLE that the worker nevertheless serves unchanged, each with the reason. */
const REFUSED: readonly [file: RegExp, obstacle: string][] = [
  [/bmp\/.*(pal4rletrns|pal8rle|pal4rlecut)/, 'FORMAT'], // run-length coding
  [/jpeg\/12bit\//, 'FORMAT'],
  [/jpeg\/arith\//, 'FORMAT'],
  [/jpeg\/sharp\/testimgl/, 'FORMAT'], // lossless JPEG
  [/jpeg\/(mozilla\/jpg-cmyk|zune\/(cymk|four_components))/, 'CMYK'],
  [/apng\/.*(dispose|blend|delay|durations|num_plays|mode_|rgba16|animated)/i, 'ANIMATED'],
  [/gif\/.*frame-out-of-bounds/, 'DAMAGED'], // its frames extend beyond the screen, and viewers disagree about them
]

/** A JPEG whose scans lack data, which other decoders fill in. Only its decoder finds out. */
export const LACKS_DATA = /jpeg\/jpeg-decoder\/partial_progressive/

/** A PNG with indices beyond its palette. Browsers and libvips show different colours for them. */
export const LACKS_COLORS = /png\/image-png-bugfixes\/invalid_palette_index/

/** Returns the reason why a valid file in a format of DECODABLE is served unchanged, or undefined if it is enlarged. */
export function obstacleOf({ file, pages = 1 }: CorpusEntry): string | undefined {
  const refused = REFUSED.find(([pattern]) => pattern.test(file))?.[1]
  return refused ?? (pages > 1 ? 'ANIMATED' : undefined)
}
