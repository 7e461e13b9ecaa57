// Reads the URLs of pictures from a sitemap: https://www.sitemaps.org/protocol.html and
// https://developers.google.com/search/docs/crawling-indexing/sitemaps/image-sitemaps
import { SaxesParser } from 'saxes'

export interface Sitemap {
  /** URLs in the sitemap's `image:loc` entries. */
  readonly pictures: readonly string[]
  /** URLs of other sitemaps; empty unless this sitemap is an index. */
  readonly sitemaps: readonly string[]
}

/** Some sitemaps write this namespace with https, although it is only a name. */
const IMAGE_NAMESPACE = /^https?:\/\/www\.google\.com\/schemas\/sitemap-image\/1\.1$/

/** Parses a sitemap or an index. Throws an Error for anything else. */
export function parseSitemap(xml: string): Sitemap {
  const pictures: string[] = []
  const sitemaps: string[] = []
  const parents: string[] = []
  let text = ''
  const parser = new SaxesParser({ xmlns: true })
  parser.on('opentag', ({ local, name }) => {
    if (parents.length === 0 && !ROOTS.includes(local)) {
      throw new Error(`expected ${ROOTS.join(' or ')}, got ${name}`)
    }
    parents.push(local)
    text = ''
  })
  const addText = (more: string) => void (text += more)
  parser.on('text', addText)
  parser.on('cdata', addText)
  parser.on('closetag', ({ local, uri }) => {
    parents.pop()
    if (local !== 'loc') return
    const url = text.trim()
    if (IMAGE_NAMESPACE.test(uri)) pictures.push(url)
    else if (parents.at(-1) === 'sitemap') sitemaps.push(url)
  })
  parser.write(xml).close()
  return { pictures, sitemaps }
}
const ROOTS = ['urlset', 'sitemapindex']
