// What is wanted, as the parameters of a URL and as the options of the middleware. What is the default is not said.
import { srUrl } from '../client/url.ts'
import type { PageWish } from './messages.ts'
import { PARAM } from './param.ts'

export const DEFAULT_WISH: PageWish = { scale: 3, model: 'auto', format: 'source', quality: 85 }

/** The URL of what is wanted of the picture at `path`. */
export function urlOf(path: string, wish: PageWish): string {
  const { scale, model, format, quality } = wish
  return srUrl(path, {
    param: PARAM,
    scale,
    model: model === DEFAULT_WISH.model ? undefined : model,
    format: format === DEFAULT_WISH.format ? undefined : format,
    quality: quality === DEFAULT_WISH.quality ? undefined : quality,
  })
}

/** `{ model: 'quality', quality: 90 }`, or nothing. */
export function optionsOf({ model, format, quality }: PageWish): string {
  const parts: string[] = []
  if (model !== DEFAULT_WISH.model) parts.push(`model: '${model}'`)
  if (format !== DEFAULT_WISH.format) parts.push(`format: '${format}'`)
  if (quality !== DEFAULT_WISH.quality) parts.push(`quality: ${quality}`)
  return parts.length > 0 ? `{ ${parts.join(', ')} }` : ''
}
