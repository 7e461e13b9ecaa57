import { FORMATS, type Scale, SCALES } from '../../client/allowed.ts'
import { MAX_OUTPUT_SIDE } from '../../platform/limits.ts'
import { signUrl } from '../../signature.ts'
import { type Command, integerOf, listOf, oneOf, parseArguments, UsageError } from '../../terminal/arguments.ts'
import { secretOf } from '../secrets.ts'
import { stopOnSignals } from '../signals.ts'
import { packageVersion } from '../version.ts'
import { ask } from '../warm/ask.ts'
import { createWarmReport } from '../warm/warmReport.ts'
import { readPictures } from '../warm/pictureUrls.ts'
import { variantsOf } from '../warm/variants.ts'
import { warmAll } from '../warm/warmAll.ts'

const DEFAULT_CONCURRENCY = 2
/** Largest value of `--concurrency`: more requests at a time would look like an attack. */
const MAX_CONCURRENCY = 64
/** Lifetime of signed URLs: long enough for the request and its retries. */
const SIGNED_SECONDS = 3600

const OPTIONS = {
  sr: { value: 'N,N', help: `scales to request, from ${SCALES.join(', ')} (default: 3)` },
  width: { value: 'N,N', help: 'instead of, or in addition to, --sr: widths in pixels' },
  format: { value: 'NAME', help: `${FORMATS.join(', ')} (default: the worker's default)` },
  concurrency: { value: 'N', help: `requests at a time (default: ${DEFAULT_CONCURRENCY})` },
  delay: { value: 'MS', help: 'pause in ms after each request (default: 0)' },
  limit: { value: 'N', help: 'request at most N pictures (default: all)' },
  key: { value: 'ID', help: 'sign the URLs; ID is the id of the secret in SR_SECRET' },
  param: { value: 'NAME', help: "the worker's SR_PARAM (default: sr)" },
  json: { help: 'print one line of JSON per URL' },
  quiet: { short: 'q', help: 'print only the URLs that fail' },
  help: { short: 'h', help: 'show this' },
} as const

export const command: Command = {
  summary: `request the pictures of a sitemap from a worker, so that their results are ready for visitors

SOURCE: a sitemap with image:loc entries, an index of sitemaps, or a list with one URL per line; a file, a URL, or -
for stdin. A worker that is too busy is asked again later. The secret for signing is read from the variable SR_SECRET.`,
  usage: 'SOURCE [options]',
  options: OPTIONS,
  async run(args) {
    const given = parseArguments(args, OPTIONS, ['SOURCE'])
    const [source] = given.words
    if (source === undefined) throw new UsageError('expected SOURCE, got nothing')
    const { key, param = 'sr' } = given
    const widths =
      given.width === undefined
        ? []
        : listOf(given.width, 'width', (item) => integerOf(item, 'width', 1, MAX_OUTPUT_SIDE))
    const sr = given.sr ?? (widths.length > 0 ? undefined : '3')
    const wanted = {
      param,
      widths,
      scales:
        sr === undefined ? [] : listOf(sr, 'sr', (item) => Number(oneOf(item, 'sr', SCALES.map(String))) as Scale),
      format: given.format === undefined ? undefined : oneOf(given.format, 'format', FORMATS),
    }
    const concurrency = integerOf(given.concurrency ?? `${DEFAULT_CONCURRENCY}`, 'concurrency', 1, MAX_CONCURRENCY)
    const delayMs = integerOf(given.delay ?? '0', 'delay', 0)
    const limit = given.limit === undefined ? undefined : integerOf(given.limit, 'limit', 1)
    const secret = key === undefined ? undefined : secretOf('SR_SECRET')
    const sign = (url: string) =>
      key === undefined || secret === undefined ? url : signUrl(url, { key, secret, param, expires: SIGNED_SECONDS })

    const userAgent = `edge-srcnn/${await packageVersion()} (warm)`
    const pictures = await readPictures(source, { limit, userAgent })
    if (pictures.length === 0) throw new Error(`${source} has no pictures`)
    const urls = [...new Set(pictures.flatMap((url) => variantsOf(url, wanted)))]
    const report = createWarmReport(urls.length, given.json, undefined, undefined, given.quiet)
    const stop = stopOnSignals()
    const { signal } = stop
    const asking = async (url: string) => ask(await sign(url), { userAgent, signal })
    await warmAll(urls, { concurrency, delayMs, signal, ask: asking }, (warmed) => report.tell(warmed))
    stop.end()
    report.end(signal.aborted)
    process.exitCode = stop.code ?? (report.failed > 0 ? 1 : 0)
  },
}
