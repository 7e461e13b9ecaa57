// The reasons why a picture comes back unchanged, in the worker, the command line and the playground.

import { DamagedError, TooComplexError } from '../codec/error.ts'

export const SKIP_REASONS = {
  // Because of the kind of picture
  ANIMATED: 'more than one frame',
  FORMAT: 'this format, or this variant of a format, is not decoded here',
  CMYK: 'colours for print (CMYK), whose conversion needs a colour profile',
  NOT_AN_IMAGE: 'no known image format',
  DAMAGED: 'the file is broken or cut short',
  TOO_COMPLEX: 'more scans, chunks, frames, Huffman codes or profile bytes than any real picture has',
  // Because of the picture's size or cost
  SOURCE_BYTES: 'the file is larger than maxSourceBytes',
  SOURCE_PIXELS: 'the picture is larger than maxSourcePixels, or than its format allows here',
  OUTPUT_PIXELS:
    'the result, or even the smallest enlargement, would be larger than maxOutputPixels or than its format allows here',
  SAME_SIZE: 'the picture already has the requested size, and no better format',
  COST: 'the picture would take more than maxCpuMs or maxMemoryBytes, even by bicubic',
  // Because of the origin's answer
  ORIGIN_STATUS: 'the origin answered with another status than 200',
  NO_TRANSFORM: 'the origin forbids changes (Cache-Control: no-transform)',
  PROCESSED: 'the origin has already applied super resolution',
  CREDENTIALS: 'the answer depends on the visitor, so it is for one visitor only',
  // Because of the operator's settings
  DISABLED: 'super resolution is switched off',
  // Because something failed or is busy
  BUSY: 'too much work at the same time',
  RATE: 'too much work for one visitor',
  MODEL: 'the weights are missing or damaged',
  ENGINE: 'the network did not run',
  DECODE: 'the decoder failed',
  ENCODE: 'the encoder failed',
  INTERNAL: 'a bug of ours',
} as const

export type SkipReason = keyof typeof SKIP_REASONS

/** Reasons that may no longer hold when the visitor asks again. */
export const BUSY_REASONS: readonly SkipReason[] = ['BUSY', 'RATE']
/** Reasons that mean a failure while the picture was being made. */
export const FAILURE_REASONS: readonly SkipReason[] = ['MODEL', 'ENGINE', 'DECODE', 'ENCODE', 'INTERNAL']

/** A step of making a picture, which can fail. */
export type FailureStep = 'MODEL' | 'DECODE' | 'ENGINE' | 'ENCODE'

/**
 * Ends the work on a picture, which is then served unchanged. Any code may throw it; pipeline.ts then answers with the
 * original.
 */
export class Skip extends Error {
  override readonly name = 'Skip'
  readonly reason: SkipReason

  constructor(reason: SkipReason, options?: ErrorOptions) {
    super(SKIP_REASONS[reason], options)
    this.reason = reason
  }
}

/**
 * Returns the Skip for a step that failed. If a step before it failed, whose rows this step was reading, returns that
 * step's Skip. The reason is DAMAGED or TOO_COMPLEX if the file is to blame.
 */
export function skipOf(step: FailureStep, cause: unknown): Skip {
  for (let error = cause; error instanceof Error; error = error.cause) if (error instanceof Skip) return error
  const blamed =
    cause instanceof DamagedError ? 'DAMAGED' : cause instanceof TooComplexError ? 'TOO_COMPLEX' : undefined
  return new Skip(blamed ?? step, { cause })
}

/** Waits for `work`. If it fails, throws a Skip. */
export async function orSkip<T>(step: FailureStep, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (cause) {
    throw skipOf(step, cause)
  }
}
