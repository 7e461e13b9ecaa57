// How a JPEG is coded apart from its quality. Served pictures use one variant; the others are for training.

/** Chroma at half of each side, or at full size: the subsamplings that this encoder supports. */
export const SUBSAMPLINGS = ['4:2:0', '4:4:4'] as const
export type Subsampling = (typeof SUBSAMPLINGS)[number]

/**
 * The table of step sizes that the quality scales: N. Robidoux's, which is MozJPEG's default, or the one of ITU-T T.81,
 * Annex K, which libjpeg and therefore most encoders on the web use.
 */
export const STEP_TABLES = ['robidoux', 'annex-k'] as const
export type StepTable = (typeof STEP_TABLES)[number]

export interface JpegVariant {
  readonly subsampling: Subsampling
  readonly steps: StepTable
}
