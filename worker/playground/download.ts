// The link that offers the result as a file.
import type { Scale } from '../client/allowed.ts'
import { find } from './find.ts'
import { typeOf } from './loadImage.ts'
import type { ShownResult } from './shownResult.ts'

/** `cat.jpg` three times as large is `cat-x3.jpg`. Without a result there is nothing to offer. */
export function offerDownload(result?: ShownResult, name = '', scale: Scale | 1 = 1): void {
  const link = find('#download', HTMLAnchorElement)
  if (link.href) URL.revokeObjectURL(link.href)
  link.removeAttribute('href')
  link.ariaDisabled = String(!result)
  if (!result) return
  const { after, reason } = result
  const type = typeOf(after)
  link.href = URL.createObjectURL(after)
  link.download = `${name.replace(/\.\w+$/, '')}${reason ? '' : `-x${scale}`}.${type === 'jpeg' ? 'jpg' : type}`
}
