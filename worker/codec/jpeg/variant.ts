// How a JPEG is coded beyond its quality: what is served is one way, others are for training.

/** Chroma at half of each side, or at full size: what this encoder knows of all that exists. */
export const SUBSAMPLINGS = ['4:2:0', '4:4:4'] as const
export type Subsampling = (typeof SUBSAMPLINGS)[number]

/**
 * Which table of step sizes the quality scales: N. Robidoux's, MozJPEG's default, or that of ITU-T T.81,
 * Annex K, which libjpeg and so most encoders of the web use.
 */
export const STEP_TABLES = ['robidoux', 'annex-k'] as const
export type StepTable = (typeof STEP_TABLES)[number]

export interface JpegVariant {
  readonly subsampling: Subsampling
  readonly steps: StepTable
}
