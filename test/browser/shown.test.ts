// Files that deviate from their formats: what we decode is what Chromium shows. Chromium is the oracle.
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DamagedError } from '../../worker/codec/error.ts'
import { readHeader } from '../../worker/codec/header.ts'
import { isChromiumMissing, launchChromium, NO_CHROMIUM } from '../support/process/chromium.ts'
import { looksAlike, showAll } from '../support/process/shown.ts'
import { codec } from '../support/pictures/codec.ts'
import { ODD_BMPS } from '../support/pictures/odd/bmp.ts'
import type { OddFile } from '../support/pictures/odd/file.ts'
import { ODD_GIFS } from '../support/pictures/odd/gif.ts'
import { ODD_PNGS } from '../support/pictures/odd/png.ts'
import { TURNED } from '../support/pictures/odd/turned.ts'
import { ODD_WEBPS } from '../support/pictures/odd/webp.ts'

/**
 * Files that Chromium shows otherwise than we decode them. The header of these WebPs denies the alpha that their pixels
 * have, and Chromium draws colours that were never multiplied by it as if they were. Firefox and libvips show what we do.
 */
const SHOWN_OTHERWISE = [
  /^WebP: lossless with alpha(,| but) without (the flag|its bit|bit and flag)$/,
  /^WebP: animated, one frame, .*alpha without the flag$/,
]
/** Files that Chromium shows like unchanged ones, but that come back as they were. */
const REFUSED = [
  /^GIF with a (screen without|smaller screen|lower screen)/, // viewers disagree about frames that exceed the screen
  /^GIF with a second frame that is cut$/, // nearly an animation
]

const matches = ({ name }: OddFile, patterns: readonly RegExp[]) => patterns.some((pattern) => pattern.test(name))

describe.skipIf(isChromiumMissing)(isChromiumMissing ? NO_CHROMIUM : 'what is decoded is what Chromium shows', () => {
  let browser: Browser
  let page: Page

  beforeAll(async () => {
    browser = await launchChromium()
    page = await browser.newPage()
  })
  afterAll(() => browser?.close())

  test.each<[string, readonly OddFile[]]>([
    ['PNG', ODD_PNGS],
    ['GIF', ODD_GIFS],
    ['WebP', ODD_WEBPS],
    ['BMP', ODD_BMPS],
  ])('for %s files with one fault each; the others are damaged', async (_, files) => {
    expect(await problemsOf(files)).toEqual([])
  })

  test('for EXIF orientation in usual and odd places and forms', async () => {
    expect(await problemsOf(TURNED)).toEqual([])
    const turned = TURNED.filter(({ bytes }) => readHeader(bytes).orientation > 1)
    expect(turned.length).toBeGreaterThan(60)
  })

  /** Returns a line for each file that is not decoded as it is shown. */
  async function problemsOf(files: readonly OddFile[]): Promise<string[]> {
    const shown = await showAll(
      page,
      files.map(({ bytes }) => ({ bytes, mime: readHeader(bytes).mime })),
    )
    const shownOf = new Map(files.map(({ name }, i) => [name, shown[i]]))
    const problems: string[] = []
    let decoded = 0
    for (const [i, file] of files.entries()) {
      const header = readHeader(file.bytes)
      const result =
        header.obstacle ?? (await codec.decode(file.bytes, header).catch((error: unknown) => error as Error))
      const theirs = shown[i]
      const whole = file.unchanged === undefined ? undefined : shownOf.get(file.unchanged)
      if (typeof result === 'string' || result instanceof DamagedError) {
        const isWhole = theirs && whole && looksAlike(theirs, whole) && !matches(file, REFUSED)
        if (isWhole) problems.push(`${file.name}: is shown like the unchanged file, but ${String(result)}`)
      } else if (result instanceof Error) problems.push(`${file.name}: ${result.message}`)
      else if (theirs && looksAlike(result, theirs) === matches(file, SHOWN_OTHERWISE)) {
        problems.push(`${file.name}: ${matches(file, SHOWN_OTHERWISE) ? 'is shown alike' : 'is shown otherwise'}`)
      } else decoded++
    }
    expect(decoded).toBeGreaterThan(files.length / 4)
    return problems
  }
})
