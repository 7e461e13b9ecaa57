// The link that downloads the result.
import type { Scale } from '../client/allowed.ts'
import { find } from './find.ts'
import { typeOf } from './loadImage.ts'
import type { ShownResult } from './shownResult.ts'

/**
 * Makes the link download `result`. The downloaded file has a name like `cat-x3.jpg`, for `cat.jpg` at scale 3.
 * Disables the link if `result` is undefined.
 */
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
