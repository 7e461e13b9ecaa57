// The lines of code that visitors can copy into their own site.
import { SCALES } from '../client/allowed.ts'
import type { PageWish } from './messages.ts'
import type { Box } from './view.ts'
import { optionsOf, urlOf } from './pageWish.ts'

export interface Lines {
  /** Path and query that request the picture. */
  readonly url: string
  /** An img element whose srcset has a candidate for each scale up to the chosen one. */
  readonly srcset: string
  /** The call that mounts the middleware in a Hono app. */
  readonly hono: string
}

/**
 * Returns the lines for the picture at `path`. `size` is the original's size in pixels, for the attributes width and
 * height.
 */
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
