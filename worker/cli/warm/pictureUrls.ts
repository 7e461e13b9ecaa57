// Reads the URLs of pictures from a sitemap, or from a list with one URL per line. The source is a file, a URL or
// stdin.
import { createReadStream } from 'node:fs'
import { UsageError } from '../../terminal/arguments.ts'
import { readAtMost } from '../bounded.ts'
import { download, isHttp } from '../download.ts'
import { parseSitemap } from './sitemap.ts'

/** sitemaps.org allows 50 MB for an uncompressed sitemap. */
const FILE_LIMITS = { maxBytes: 50 * 1024 * 1024, timeoutMs: 60_000 }
/** Largest number of levels of sitemaps. sitemaps.org does not allow an index of indexes, but some sites have one. */
const MAX_DEPTH = 3
/** Limits on all sitemaps together, so that an index, or an index of indexes, ends. */
const LIMITS = { sitemaps: 1000, pictures: 500_000 }

/**
 * Returns the URLs in `source`, each one once, and at most `limit`. The source `-` is stdin. Throws an Error that names the
 * limit if there is more than any site has.
 */
export async function readPictures(
  source: string,
  { limit = Infinity, userAgent, most = LIMITS }: { limit?: number; userAgent: string; most?: typeof LIMITS },
): Promise<string[]> {
  const pictures = new Set<string>()
  const seen = new Set<string>()
  const add = (url: string, where: string) => {
    if (!isHttp(url)) throw new UsageError(`expected URLs of http or https in ${where}, got "${url}"`)
    if (pictures.size >= limit) return
    pictures.add(url)
    if (pictures.size > most.pictures) throw new Error(`${nameOf(source)} has more than ${most.pictures} pictures`)
  }
  const read = async (from: string, depth: number) => {
    if (seen.has(from) || pictures.size >= limit) return
    seen.add(from)
    if (seen.size > most.sitemaps) throw new Error(`${nameOf(source)} leads to more than ${most.sitemaps} sitemaps`)
    const text = await load(from, userAgent)
    if (!text.trimStart().startsWith('<')) {
      for (const line of text.split(/\r?\n/).map((one) => one.trim())) {
        if (pictures.size >= limit) return
        if (line !== '' && !line.startsWith('#')) add(line, nameOf(from))
      }
      return
    }
    const sitemap = parse(text, from)
    for (const url of sitemap.pictures) add(url, nameOf(from))
    if (depth === MAX_DEPTH && sitemap.sitemaps.length > 0)
      throw new Error(`${from}: expected at most ${MAX_DEPTH} levels of sitemaps, got more`)
    for (const url of sitemap.sitemaps) {
      if (!isHttp(url)) throw new UsageError(`expected URLs of sitemaps in ${nameOf(from)}, got "${url}"`)
      await read(url, depth + 1)
    }
  }
  await read(source, 1)
  return [...pictures]
}

function parse(text: string, from: string): ReturnType<typeof parseSitemap> {
  try {
    return parseSitemap(text.trimStart())
  } catch (cause) {
    throw new Error(`${nameOf(from)} is not a sitemap`, { cause })
  }
}

const nameOf = (source: string) => (source === '-' ? 'stdin' : source)

async function load(source: string, userAgent: string): Promise<string> {
  const { maxBytes } = FILE_LIMITS
  const bytes =
    source === '-'
      ? await readAtMost(process.stdin, maxBytes, nameOf(source))
      : isHttp(source)
        ? await download(source, { userAgent, ...FILE_LIMITS })
        : await readAtMost(createReadStream(source), maxBytes, source)
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
    throw new Error(`${source} is a gzip file: serve it with Content-Encoding: gzip, or unpack it`)
  }
  return new TextDecoder().decode(bytes)
}
