// The messages between the page and its Web Worker (enlarge.ts).
import type { Format, Scale } from '../client/allowed.ts'
import type { AskedSize } from '../client/xSr.ts'
import type { SkipReason } from '../picture/skip.ts'

export const RUNNERS = ['wasm', 'webgpu'] as const
/** The code that runs networks in the browser: this project's kernels, or onnxruntime-web on the graphics card. */
export type Runner = (typeof RUNNERS)[number]

/** The choices of the visitor in the form. They apply whether the worker or the browser makes the result. */
export interface PageWish {
  readonly scale: Scale
  /** `auto`, `bicubic`, or a name in the manifest. */
  readonly model: string
  readonly format: Format
  readonly quality: number
}

/** A message to the Web Worker: make this picture sharper. */
export interface EnlargeOrder extends PageWish {
  readonly file: Blob
  readonly runner: Runner
  /** Run the quality test: shrink the picture, restore it, and measure how close the result is to the original. */
  readonly isTest: boolean
}

/** Steps of making a picture; `load` fetches missing decoders, kernels and weights. */
export type Step = 'load' | 'decode' | 'network' | 'encode' | 'measure'

/** A file and the size of its picture in pixels. */
export interface PictureBlob {
  readonly file: Blob
  readonly type: string
  readonly width: number
  readonly height: number
}

/** Closeness of two pictures, measured on luma without a border of `scale` pixels, as in papers. */
export interface Closeness {
  /** PSNR in dB; Infinity if the pictures are equal. */
  readonly psnr: number
  readonly ssim: number
}

/** The results of the quality test. */
export interface Measurement {
  readonly bicubic: Closeness
  /** Closeness of the result of the network; undefined if the visitor chose bicubic. */
  readonly network: Closeness | undefined
  /** The picture restored by bicubic, and the truth, both as PNG. */
  readonly bicubicFile: Blob
  readonly truthFile: Blob
}

/** A picture made by the Web Worker. */
export interface EnlargeResult {
  /** The picture that was enlarged: the visitor's file, or in a test the shrunk copy of it. */
  readonly before: PictureBlob
  readonly after: PictureBlob
  /** The model, like `fast@a7c275b7` or `bicubic`. */
  readonly model: string
  readonly engine: string | undefined
  /** What was asked for, if the result is smaller, because it is the largest that is possible. */
  readonly asked: AskedSize | undefined
  /** Time in ms from the order to the result, including all fetches. */
  readonly ms: number
  /**
   * What a worker with default limits would do instead, as the rest of a sentence that begins with "a worker";
   * undefined if it would make the same.
   */
  readonly elsewhere: string | undefined
  readonly isDecodedByBrowser: boolean
  readonly measured: Measurement | undefined
}

/** A message from the Web Worker. `progress` is never the last message about an order. */
export type EnlargeReport =
  | { readonly kind: 'progress'; readonly step: Step; readonly share: number }
  | { readonly kind: 'made'; readonly made: EnlargeResult }
  | { readonly kind: 'skipped'; readonly reason: SkipReason; readonly message: string }
  | { readonly kind: 'failed'; readonly message: string }
