// The lines that one takes home, of a picture at `path`.
import { SCALES } from '../client/allowed.ts'
import type { PageWish } from './messages.ts'
import type { Box } from './view.ts'
import { optionsOf, urlOf } from './pageWish.ts'

export interface Lines {
  /** Path and query. */
  readonly url: string
  readonly srcset: string
  readonly hono: string
}

/** `size` is the original's in pixels, where that is known: room for it is kept in the page. */
export function linesOf(path: string, wish: PageWish, size: Box | undefined): Lines {
  const scales = SCALES.filter((scale) => scale <= wish.scale)
  const candidates = scales.map((scale) => `${urlOf(path, { ...wish, scale })} ${scale}x`)
  const room = size ? ` width="${size.width}" height="${size.height}"` : ''
  return {
    url: urlOf(path, wish),
    srcset: `<img src="${escaped(path)}" srcset="${escaped(candidates.join(', '))}"${room} alt="" />`,
    hono: `app.use('/images/*', superResolution(${optionsOf(wish)}))`,
  }
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;')
}
