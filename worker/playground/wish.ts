// What is wanted, as the parameters of a URL and as the options of the middleware. What is the default is not said.
import type { Wish } from './messages.ts'

export const DEFAULT_WISH: Wish = { scale: 3, model: 'auto', format: 'source', quality: 85 }

/** `sr=3&sr-model=quality` */
export function queryOf({ scale, model, format, quality }: Wish): string {
  const parts = [`sr=${scale}`]
  if (model !== DEFAULT_WISH.model) parts.push(`sr-model=${model}`)
  if (format !== DEFAULT_WISH.format) parts.push(`sr-format=${format}`)
  if (quality !== DEFAULT_WISH.quality) parts.push(`sr-quality=${quality}`)
  return parts.join('&')
}

export function withQuery(path: string, query: string): string {
  return `${path}${path.includes('?') ? '&' : '?'}${query}`
}

/** `{ model: 'quality', quality: 90 }`, or nothing. */
export function optionsOf({ model, format, quality }: Wish): string {
  const parts: string[] = []
  if (model !== DEFAULT_WISH.model) parts.push(`model: '${model}'`)
  if (format !== DEFAULT_WISH.format) parts.push(`format: '${format}'`)
  if (quality !== DEFAULT_WISH.quality) parts.push(`quality: ${quality}`)
  return parts.length > 0 ? `{ ${parts.join(', ')} }` : ''
}
