// What the page and its Web Worker (enlarge.ts) say to each other.
import type { Format, Scale } from '../client/allowed.ts'
import type { SkipReason } from '../picture/skip.ts'

export const RUNNERS = ['wasm', 'webgpu'] as const
/** What runs networks here: our kernels, or onnxruntime-web on the graphics card. */
export type Runner = (typeof RUNNERS)[number]

/** What is wanted of a picture, wherever it is made. */
export interface PageWish {
  readonly scale: Scale
  /** `auto`, `bicubic`, or a name in the manifest. */
  readonly model: string
  readonly format: Format
  readonly quality: number
}

/** To the Web Worker: a picture to be made sharper. */
export interface EnlargeOrder extends PageWish {
  readonly file: Blob
  readonly runner: Runner
  /** Make the picture smaller first, restore it, and measure how close that comes. */
  readonly isTest: boolean
}

/** `load` fetches what is missing: decoders, kernels, weights. */
export type Step = 'load' | 'decode' | 'network' | 'encode' | 'measure'

/** A file and what it holds; sizes in pixels. */
export interface PictureBlob {
  readonly file: Blob
  readonly type: string
  readonly width: number
  readonly height: number
}

/** Luma, with a border of `scale` pixels left out, as papers measure it. */
export interface Closeness {
  /** dB; Infinity for equal pictures. */
  readonly psnr: number
  readonly ssim: number
}

export interface Measurement {
  readonly bicubic: Closeness
  /** Undefined where bicubic was all that was asked for. */
  readonly network: Closeness | undefined
  /** The restored picture by bicubic, and what both ought to be, as PNG. */
  readonly bicubicFile: Blob
  readonly truthFile: Blob
}

/** A picture as it was made here. */
export interface EnlargeResult {
  /** What was enlarged: the file itself, or in a test its smaller copy. */
  readonly before: PictureBlob
  readonly after: PictureBlob
  /** `fast@a7c275b7`, or `bicubic`. */
  readonly model: string
  readonly engine: string | undefined
  /** From the order to the file, what had to be fetched included. */
  readonly ms: number
  /** Why a Worker, with the limits that it has by default, would leave the picture as it is. */
  readonly elsewhere: string | undefined
  readonly isDecodedByBrowser: boolean
  readonly measured: Measurement | undefined
}

/** From the Web Worker. The last one of an order is not `progress`. */
export type EnlargeReport =
  | { readonly kind: 'progress'; readonly step: Step; readonly share: number }
  | { readonly kind: 'made'; readonly made: EnlargeResult }
  | { readonly kind: 'skipped'; readonly reason: SkipReason; readonly message: string }
  | { readonly kind: 'failed'; readonly message: string }
