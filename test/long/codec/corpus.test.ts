// Real and hostile files from the test suites of other codecs; the corpus lies beside the repository.
import { describe, expect, test } from 'vitest'
import { CodecError } from '../../../worker/codec/error.ts'
import { readHeader, uprightSize } from '../../../worker/codec/header.ts'
import { readIcc } from '../../../worker/codec/icc.ts'
import { codec, decodeBySharp, difference } from '../../support/pictures/codec.ts'
import { bytesOf, DECODABLE, type Entry, entries, obstacleOf } from '../../support/pictures/corpus.ts'

/** Files whose profile libvips reports differently. */
const PROFILE_DIFFERS = [
  /jpeg\/icc-broken\//, // parts are missing or doubled: libvips takes what is there
  /jpeg\/pillow\/icc-after-SOF/, // doubled, and not a profile
  /bmp\/image-rs\/rgb24prof2/, // libvips does not look for profiles in BMP
]
/** A GIF without a picture but for transparency: libvips makes it opaque, browsers do not. */
const ALPHA_DIFFERS = [/gif\/.*metadata-full/]

const matches = (entry: Entry, patterns: readonly RegExp[]) => patterns.some((pattern) => pattern.test(entry.file))

/** The corpus is large: what one file gets is a line in a list, which must come out empty. */
async function failures(chosen: readonly Entry[], check: (entry: Entry) => Promise<unknown>): Promise<string[]> {
  const lines: string[] = []
  for (const entry of chosen) {
    const problem = await check(entry).catch((error: unknown) => String(error))
    if (problem) lines.push(`${entry.file}: ${String(problem)}`)
  }
  return lines
}

describe.runIf(entries.length > 0)('the corpus', () => {
  const valid = entries.filter(({ expect: expected }) => expected === 'decode')
  const pictures = valid.filter(({ format }) => DECODABLE.includes(format!))
  const MINUTES = { timeout: 300_000 }

  test('headers of valid files say what the manifest says', async () => {
    const problems = await failures(pictures, async (entry) => {
      const header = readHeader(bytesOf(entry))
      if (header.obstacle !== obstacleOf(entry)) return `obstacle ${header.obstacle}`
      if (header.obstacle === 'DAMAGED') return undefined
      const told = [header.type, header.width, header.height, header.orientation]
      const known = [entry.format, entry.w, entry.h, entry.orientation ?? 1]
      return `${told}` === `${known}` ? undefined : `${told} is not ${known}`
    })
    expect(problems).toEqual([])
  })

  test('profiles of valid files are found where libvips finds them', async () => {
    const still = pictures.filter((entry) => !matches(entry, PROFILE_DIFFERS))
    const problems = await failures(still, async (entry) => {
      const header = readHeader(bytesOf(entry))
      if (header.obstacle) return undefined
      const isFound = (await readIcc(header)) !== undefined
      return isFound === (entry.icc ?? false) ? undefined : `found: ${isFound}`
    })
    expect(problems).toEqual([])
  })

  test('files of other formats are known, and left alone', async () => {
    const others = valid.filter(({ format }) => !DECODABLE.includes(format!))
    const problems = await failures(others, async (entry) => {
      const { type, obstacle } = readHeader(bytesOf(entry))
      if (entry.format === 'other') return obstacle ? undefined : 'no obstacle'
      return obstacle === 'FORMAT' ? undefined : `${type}, ${obstacle}`
    })
    expect(problems).toEqual([])
  })

  test('valid files decode as in libvips, to two levels', MINUTES, async () => {
    const problems = await failures(pictures, async (entry) => {
      const bytes = bytesOf(entry)
      const header = readHeader(bytes)
      if (header.obstacle) return undefined
      const picture = await codec.decode(bytes, header)
      const { data } = picture
      if (!header.alpha && data.some((value, i) => i % 4 === 3 && value < 255)) return 'alpha'
      if (header.grey && data.some((value, i) => i % 4 > 0 && i % 4 < 3 && value !== data[i - 1])) {
        return 'not grey'
      }
      if (entry.format === 'bmp') return undefined // libvips reads none
      const { color, alpha } = difference(picture, await decodeBySharp(bytes))
      // Alpha of 16 bits is rounded here, cut there.
      const isClose = color <= 2 && (alpha <= 1 || matches(entry, ALPHA_DIFFERS))
      return isClose ? undefined : `differs by ${color}, alpha by ${alpha}`
    })
    expect(problems).toEqual([])
  })

  test('hostile and broken files give pixels or a CodecError, soon', MINUTES, async () => {
    const maxPixels = 4e6 // the caller's limit
    const maxMs = 3000
    const others = entries.filter(({ expect: expected }) => expected !== 'decode')
    const problems = await failures(others, async (entry) => {
      const bytes = bytesOf(entry)
      const start = performance.now()
      const header = readHeader(bytes)
      const headerMs = performance.now() - start
      if (headerMs > 100) return `header took ${headerMs} ms`
      await readIcc(header)
      const size = uprightSize(header)
      if (header.obstacle || size.width * size.height > maxPixels) return undefined
      const result = await codec.decode(bytes, header).catch((error: unknown) => error)
      const ms = performance.now() - start
      if (ms > maxMs) return `took ${ms} ms`
      if (result instanceof Error) return result instanceof CodecError ? undefined : result
      return entry.expect === 'reject' || entry.expect === 'limit' ? 'was decoded' : undefined
    })
    expect(problems).toEqual([])
  })
})

test.skipIf(entries.length > 0)('the corpus is absent: ../shared/corpus, beside the repository, is not there', () => {})
