// The settings of a JPEG in addition to its quality. Served pictures use one variant; the others are for training.

/** The chroma subsamplings that the encoder supports: half of each side, or full size. */
export const SUBSAMPLINGS = ['4:2:0', '4:4:4'] as const
export type Subsampling = (typeof SUBSAMPLINGS)[number]

/**
 * The quantisation tables. The quality scales their steps. `robidoux` is MozJPEG's default, by N. Robidoux. `annex-k`
 * is the table of ITU-T T.81, Annex K; libjpeg and therefore most encoders on the web use it.
 */
export const STEP_TABLES = ['robidoux', 'annex-k'] as const
export type StepTable = (typeof STEP_TABLES)[number]

export interface JpegVariant {
  readonly subsampling: Subsampling
  readonly steps: StepTable
}
