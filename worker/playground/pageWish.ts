// Writes the visitor's choices as a URL and as options of the middleware. Default values are left out.
import { srUrl } from '../client/url.ts'
import type { PageWish } from './messages.ts'
import { DEFAULT_FORMAT, DEFAULT_QUALITY, OFFERED_QUALITIES, PARAM } from './offered.ts'

export const DEFAULT_WISH: PageWish = {
  scale: 3,
  model: 'auto',
  format: DEFAULT_FORMAT,
  quality: DEFAULT_QUALITY,
}

/** Returns the URL that requests the picture at `path` with the choices in `wish`. */
export function urlOf(path: string, wish: PageWish): string {
  const { scale, model, format, quality } = wish
  return srUrl(path, {
    param: PARAM,
    scale,
    model: model === DEFAULT_WISH.model ? undefined : model,
    format: format === DEFAULT_WISH.format ? undefined : format,
    quality: quality === DEFAULT_WISH.quality ? undefined : quality,
    qualities: OFFERED_QUALITIES,
  })
}

/**
 * Returns the options as code, like `{ model: 'quality', quality: 90 }`; an empty string if all choices are defaults.
 */
export function optionsOf({ model, format, quality }: PageWish): string {
  const parts: string[] = []
  if (model !== DEFAULT_WISH.model) parts.push(`model: '${model}'`)
  if (format !== DEFAULT_WISH.format) parts.push(`format: '${format}'`)
  if (quality !== DEFAULT_WISH.quality) parts.push(`quality: ${quality}`)
  return parts.length > 0 ? `{ ${parts.join(', ')} }` : ''
}
