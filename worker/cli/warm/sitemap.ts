// Reads the URLs of pictures from a sitemap: https://www.sitemaps.org/protocol.html and
// https://developers.google.com/search/docs/crawling-indexing/sitemaps/image-sitemaps
//
// Whoever writes a sitemap must not stop the command line: the parser takes a time that grows with the square of the
// depth, and a microsecond for an attribute. So what no real sitemap has is refused as soon as it is seen.
import { SaxesParser } from 'saxes'

export interface Sitemap {
  /** URLs in the sitemap's `image:loc` entries. */
  readonly pictures: readonly string[]
  /** URLs of other sitemaps; empty unless this sitemap is an index. */
  readonly sitemaps: readonly string[]
}

/** Some sitemaps write this namespace with https, although it is only a name. */
const IMAGE_NAMESPACE = /^https?:\/\/www\.google\.com\/schemas\/sitemap-image\/1\.1$/

/** `image:loc` is the fourth level; extensions for videos and news have six. */
const MAX_DEPTH = 20
/** A root with the namespaces of all extensions has ten. */
const MAX_ATTRIBUTES = 100
/** Largest number of pages, or of sitemaps in an index, that sitemaps.org allows. */
const MAX_ENTRIES = 50_000
/** sitemaps.org allows 2,048 characters; signed URLs can be longer. */
const MAX_URL_LENGTH = 8192
/** Limit on a text, a comment, a name or anything else between two events of the parser, in characters. */
const MAX_PIECE_LENGTH = 1_000_000
/** How many characters the parser gets at a time. */
const CHUNK_LENGTH = 65_536

/** Parses a sitemap or an index. Throws an Error for anything else, and for what is beyond a limit. */
export function parseSitemap(xml: string): Sitemap {
  const pictures: string[] = []
  const sitemaps: string[] = []
  const parents: string[] = []
  let entries = 0
  let attributes = 0
  let text = ''
  /** Where the parser was at its last event. */
  let lastEvent = 0
  const parser = new SaxesParser({ xmlns: true })
  const startPiece = () => {
    lastEvent = parser.position
  }
  parser.on('opentagstart', () => {
    startPiece()
    attributes = 0
  })
  parser.on('attribute', () => {
    if (++attributes > MAX_ATTRIBUTES) throw new Error(`expected at most ${MAX_ATTRIBUTES} attributes of an element`)
  })
  parser.on('opentag', ({ local, name }) => {
    if (parents.length === 0 && !ROOTS.includes(local)) {
      throw new Error(`expected ${ROOTS.join(' or ')}, got ${name}`)
    }
    if (parents.length === MAX_DEPTH) throw new Error(`expected at most ${MAX_DEPTH} levels of elements`)
    if (parents.length === 1 && ++entries > MAX_ENTRIES) throw new Error(`expected at most ${MAX_ENTRIES} entries`)
    parents.push(local)
    text = ''
  })
  const addText = (more: string) => {
    startPiece()
    text += more
    if (text.length > MAX_PIECE_LENGTH) throw tooLong('text')
  }
  parser.on('text', addText)
  parser.on('cdata', addText)
  for (const name of ['comment', 'processinginstruction'] as const) parser.on(name, startPiece)
  parser.on('closetag', ({ local, uri }) => {
    startPiece()
    parents.pop()
    if (local !== 'loc') return
    const url = text.trim()
    const list = IMAGE_NAMESPACE.test(uri) ? pictures : parents.at(-1) === 'sitemap' ? sitemaps : undefined
    if (list && url.length > MAX_URL_LENGTH) throw new Error(`expected URLs of at most ${MAX_URL_LENGTH} characters`)
    list?.push(url)
  })
  for (let at = 0; at < xml.length; at += CHUNK_LENGTH) {
    parser.write(xml.slice(at, at + CHUNK_LENGTH))
    if (parser.position - lastEvent > MAX_PIECE_LENGTH) throw tooLong('piece')
  }
  parser.close()
  return { pictures, sitemaps }
}
const ROOTS = ['urlset', 'sitemapindex']

function tooLong(what: string): Error {
  return new Error(`expected no ${what} of more than ${MAX_PIECE_LENGTH} characters`)
}
