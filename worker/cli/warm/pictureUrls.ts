// Reads the URLs of pictures from a sitemap, or from a list with one URL per line. The source is a file, a URL or
// stdin.
import { readFile } from 'node:fs/promises'
import { text as textOf } from 'node:stream/consumers'
import { UsageError } from '../../terminal/arguments.ts'
import { parseSitemap } from './sitemap.ts'

const TIMEOUT_MS = 60_000
/** Largest size in bytes that sitemaps.org allows for an uncompressed sitemap. */
const MAX_BYTES = 50 * 1024 * 1024
/** Largest number of levels of sitemaps. sitemaps.org does not allow an index of indexes, but some sites have one. */
const MAX_DEPTH = 3

/** Returns the URLs in `source`, each one once, and at most `limit`. The source `-` is stdin. */
export async function readPictures(
  source: string,
  { limit = Infinity, userAgent }: { limit?: number; userAgent: string },
): Promise<string[]> {
  const pictures = new Set<string>()
  const seen = new Set<string>()
  const add = (url: string, where: string) => {
    if (!isHttp(url)) throw new UsageError(`expected URLs of http or https in ${where}, got "${url}"`)
    if (pictures.size < limit) pictures.add(url)
  }
  const read = async (from: string, depth: number) => {
    if (seen.has(from) || pictures.size >= limit) return
    seen.add(from)
    const text = await load(from, userAgent)
    if (!text.trimStart().startsWith('<')) {
      for (const line of text.split(/\r?\n/).map((one) => one.trim())) {
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

function isHttp(url: string): boolean {
  return URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)
}

async function load(source: string, userAgent: string): Promise<string> {
  if (source === '-') return textOf(process.stdin)
  const bytes = isHttp(source) ? await download(source, userAgent) : await readFile(source)
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
    throw new Error(`${source} is a gzip file: serve it with Content-Encoding: gzip, or unpack it`)
  }
  return new TextDecoder().decode(bytes)
}

async function download(url: string, userAgent: string): Promise<Uint8Array> {
  const response = await fetch(url, {
    headers: { 'user-agent': userAgent },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).catch((cause: unknown) => {
    throw new Error(`${url} does not answer`, { cause })
  })
  if (!response.ok || !response.body) throw new Error(`${url} answered ${response.status}`)
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    chunks.push(chunk)
    size += chunk.length
    if (size > MAX_BYTES) throw new Error(`${url} has more than ${MAX_BYTES} bytes`)
  }
  return Buffer.concat(chunks)
}
