// Decodes real and hostile files from the test suites of other codecs. The corpus is a folder next to the repository.
import { describe, expect, test } from 'vitest'
import { CodecError } from '../../../worker/codec/error.ts'
import { readHeader, uprightSize } from '../../../worker/codec/header.ts'
import { readIcc } from '../../../worker/codec/icc.ts'
import { cpuMs } from '../../bench/compare.ts'
import { codec, decodeBySharp, difference } from '../../support/pictures/codec.ts'
import {
  bytesOf,
  DECODABLE,
  type CorpusEntry,
  entries,
  LACKS_COLORS,
  LACKS_DATA,
  obstacleOf,
} from '../../support/pictures/corpus.ts'

/** Files for which libvips and readIcc disagree about whether they contain a profile. */
const PROFILE_DIFFERS = [
  /jpeg\/icc-broken\//, // parts are missing or doubled, but libvips uses the parts that exist
  /jpeg\/pillow\/icc-after-SOF/, // the chunk is doubled and holds no profile
  /png\/image-png-bugfixes\/issue_430/, // the checksum of iCCP is wrong, so that Chromium ignores it
  /bmp\/image-rs\/rgb24prof2/, // libvips reads no profiles from BMP
  /png\/image-png-bugfixes\/issue_430/, // its checksum is wrong, so Chromium ignores it, but libvips does not
]
/**
 * Files whose alpha differs between the worker and libvips: a GIF whose pixels are all transparent. libvips makes them
 * opaque, but the worker and browsers do not.
 */
const ALPHA_DIFFERS = [/gif\/.*metadata-full/]

const matches = (entry: CorpusEntry, patterns: readonly RegExp[]) =>
  patterns.some((pattern) => pattern.test(entry.file))

/** Checks the chosen files. Returns one line for each file that fails, so that a test can expect an empty list. */
async function failures(
  chosen: readonly CorpusEntry[],
  check: (entry: CorpusEntry) => Promise<unknown>,
): Promise<string[]> {
  const lines: string[] = []
  for (const entry of chosen) {
    const problem = await check(entry).catch((error: unknown) => String(error))
    if (problem) lines.push(`${entry.file}: ${String(problem)}`)
  }
  return lines
}

describe.runIf(entries.length > 0)('in the corpus', () => {
  const valid = entries.filter(({ expect: expected }) => expected === 'decode')
  const pictures = valid.filter(({ format }) => DECODABLE.includes(format!))
  const MINUTES = { timeout: 300_000 }

  test('the headers of valid files agree with the manifest of the corpus', async () => {
    const problems = await failures(pictures, async (entry) => {
      const header = readHeader(bytesOf(entry))
      if (header.obstacle !== obstacleOf(entry)) return `obstacle ${header.obstacle}`
      if (header.obstacle === 'DAMAGED') return undefined
      const actual = [header.type, header.width, header.height, header.orientation]
      const expected = [entry.format, entry.w, entry.h, entry.orientation ?? 1]
      return `${actual}` === `${expected}` ? undefined : `${actual} is not ${expected}`
    })
    expect(problems).toEqual([])
  })

  test('readIcc finds a profile in exactly those valid files in which libvips finds one', async () => {
    const still = pictures.filter((entry) => !matches(entry, PROFILE_DIFFERS))
    const problems = await failures(still, async (entry) => {
      const bytes = bytesOf(entry)
      const header = readHeader(bytes)
      if (header.obstacle) return undefined
      // A profile is made for a PNG whose chunks describe its colours; libvips ignores them.
      const isFound = (await readIcc({ ...header, coding: undefined }, bytes.length)) !== undefined
      return isFound === (entry.icc ?? false) ? undefined : `found: ${isFound}`
    })
    expect(problems).toEqual([])
  })

  test('files in formats that the worker does not decode are recognised and refused', async () => {
    const others = valid.filter(({ format }) => !DECODABLE.includes(format!))
    const problems = await failures(others, async (entry) => {
      const { type, obstacle } = readHeader(bytesOf(entry))
      if (entry.format === 'other') return obstacle ? undefined : 'no obstacle'
      return obstacle === 'FORMAT' ? undefined : `${type}, ${obstacle}`
    })
    expect(problems).toEqual([])
  })

  test('valid files decode to the same pixels as in libvips, to within three levels', MINUTES, async () => {
    const whole = pictures.filter((entry) => !matches(entry, [LACKS_DATA, LACKS_COLORS]))
    const problems = await failures(whole, async (entry) => {
      const bytes = bytesOf(entry)
      const header = readHeader(bytes)
      if (header.obstacle) return undefined
      const picture = await codec.decode(bytes, header)
      const { data } = picture
      if (!header.alpha && data.some((value, i) => i % 4 === 3 && value < 255)) return 'alpha'
      if (header.grey && data.some((value, i) => i % 4 > 0 && i % 4 < 3 && value !== data[i - 1])) {
        return 'not grey'
      }
      if (entry.format === 'bmp') return undefined // libvips cannot read BMP
      const { color, alpha } = difference(picture, await decodeBySharp(bytes))
      // Alpha may differ by one level, because photon rounds 16-bit alpha and libvips truncates it.
      // Our JPEG decoder differs from libjpeg-turbo by one level of Y'CbCr.
      const isClose = color <= (entry.format === 'jpeg' ? 3 : 2) && (alpha <= 1 || matches(entry, ALPHA_DIFFERS))
      return isClose ? undefined : `differs by ${color}, alpha by ${alpha}`
    })
    expect(problems).toEqual([])
  })

  test('hostile and broken files give pixels or a CodecError within 3 s of CPU time', MINUTES, async () => {
    const maxPixels = 4e6 // the caller's limit
    const maxMs = 3000
    const others = entries.filter(({ expect: expected }) => expected !== 'decode')
    const problems = await failures(others, async (entry) => {
      const bytes = bytesOf(entry)
      const start = cpuMs()
      const header = readHeader(bytes)
      const headerMs = cpuMs() - start
      if (headerMs > 100) return `header took ${headerMs} ms of CPU time`
      await readIcc(header, bytes.length).catch((error: unknown) => expect(error).toBeInstanceOf(CodecError))
      const size = uprightSize(header)
      if (header.obstacle || size.width * size.height > maxPixels) return undefined
      const result = await codec.decode(bytes, header).catch((error: unknown) => error)
      const ms = cpuMs() - start
      if (ms > maxMs) return `took ${ms} ms of CPU time`
      if (result instanceof Error) return result instanceof CodecError ? undefined : result
      return entry.expect === 'reject' || entry.expect === 'limit' ? 'was decoded' : undefined
    })
    expect(problems).toEqual([])
  })
})

test.skipIf(entries.length > 0)('the corpus is not tested: the folder ../shared/corpus does not exist', () => {})
