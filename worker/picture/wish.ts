// A wish says which result is asked for. The worker reads it from a URL, the command line from its options, and the
// playground from its form.
import type { Format, Scale } from '../client/allowed.ts'

/** Size of a result: either a multiple of the source's size (`scale`), or a box of `width` and `height` to fill. */
export interface Size {
  readonly scale?: Scale
  /** Side of the box in pixels. If both sides are given, the result is the largest that fits into the box. */
  readonly width?: number
  readonly height?: number
}

export interface Wish {
  readonly size: Size
  /** `auto` only if the reader can show WebP. */
  readonly format: Format
  /** 1 to 100. PNG ignores it, because it has no quality. */
  readonly quality: number
  /** `auto` (the operator's choice), `bicubic`, or a name in the manifest. */
  readonly model: string
}
