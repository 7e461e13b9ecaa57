// What somebody asks for: the worker by a URL, the command line by its options, the playground by its controls.
import type { Format, Scale } from '../client/allowed.ts'

/** Size of a result: a multiple of its source's size, or a box to fill. */
export interface Size {
  readonly scale?: Scale
  /** In pixels. With both sides the result is the largest that fits into the box. */
  readonly width?: number
  readonly height?: number
}

export interface Wish {
  readonly size: Size
  readonly format: Format
  /** 40 to 95 in steps of 5. PNG has none and ignores it. */
  readonly quality: number
  /** `auto` (the operator's choice), `bicubic`, or a name in the manifest. */
  readonly model: string
}
