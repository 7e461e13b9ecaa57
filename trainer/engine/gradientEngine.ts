// The contract between a training run and an engine that computes gradients. Everything else (sampling, optimisers,
// schedule, averaging, checkpoints) is plain TypeScript outside the engine, so that every engine follows the same loss
// curve.
import { haloOf, type Network } from '../../worker/model/network.ts'

/** The settings that an engine is created for; they never change during a run. */
export interface Task {
  /** Network that gives the shapes of the layers. Its weights are not read. */
  readonly network: Network
  /** Number of patches in a batch. */
  readonly batch: number
  /**
   * Side of an input patch in pixels. Convolutions do not pad, so the side of a target is `2 * haloOf(network)`
   * smaller.
   */
  readonly patch: number
  /** The loss to minimise (default: `square`). */
  readonly loss?: Loss
}

/**
 * The loss of an error e = output - target. `square`: e². `charbonnier`: sqrt(e² + ε²), which grows like |e| for large
 * errors, so that outliers do not dominate the gradient (Charbonnier et al., ICIP 1994; for super-resolution Lai et
 * al., CVPR 2017).
 */
export const LOSSES = ['square', 'charbonnier'] as const
export type Loss = (typeof LOSSES)[number]

/** ε of the Charbonnier loss: 2.5 of 255 levels, about half of the usual error. */
export const CHARBONNIER_EPSILON = 0.01

export interface EngineOptions {
  /**
   * Maximum number of worker threads, for an engine that splits a batch among them (default: `availableParallelism()`).
   * If it is 1, the calling thread computes.
   */
  readonly workers?: number
}

/** Inputs and targets of one step; `shapesOf` returns their shapes. */
export interface Batch {
  readonly inputs: Float32Array
  /** The desired output of the last layer. */
  readonly targets: Float32Array
}

type Shape = readonly [batch: number, channels: number, side: number, side: number]

export function shapesOf({ network, batch, patch }: Task): { inputs: Shape; targets: Shape } {
  const { layers } = network
  const side = patch - 2 * haloOf(network)
  return {
    inputs: [batch, layers[0].inputs, patch, patch],
    targets: [batch, layers[layers.length - 1].outputs, side, side],
  }
}

/** Returns the number of values in a tensor. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1)
}

/**
 * Computes loss and gradients.
 * - `loss` is the mean of the task's loss over all output values. The engine compares the output with the targets as
 *   the sampler prepared them: for a residual network the sampler has subtracted bicubic, and for a network that
 *   enlarges it has rearranged the targets to scale² values per pixel.
 * - `gradients` is d loss / d parameters, in the layout of parameters.ts. The array belongs to the engine and is
 *   overwritten by the next call.
 * - Only one call may run at a time. The arguments may be changed once the call has settled.
 * - On a CPU, the same arguments give the same bits on the same machine.
 */
export interface GradientEngine {
  /** One line for the log: runtime, version, threads. */
  readonly description: string
  lossAndGradients(parameters: Float32Array, batch: Batch): Promise<LossAndGradients>
  dispose(): Promise<void>
}

export interface LossAndGradients {
  readonly loss: number
  readonly gradients: Float32Array
}
