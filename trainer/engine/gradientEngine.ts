// What a training run needs of whatever computes gradients. Everything else (sampling, Adam,
// schedule, averaging, checkpoints) lies above it in plain TypeScript, so that every engine
// follows the same curve.
import { haloOf, type Network } from '../../worker/model/network.ts'

/** What one engine is made for: these never change during a run. */
export interface Task {
  /** Layer shapes; the weights in it are not read. */
  readonly network: Network
  /** Patches in a batch. */
  readonly batch: number
  /** Side of an input patch; convolutions are valid, so a target is `2 * haloOf(network)` smaller. */
  readonly patch: number
  /** Default `square`. */
  readonly loss?: Loss
}

/**
 * Of an error e, output - target: e², or Charbonnier's sqrt(e² + ε²), which grows as |e| where an error
 * is large, so that few pixels that no network gets right do not say where it goes (Charbonnier et al.,
 * ICIP 1994; for super-resolution Lai et al., CVPR 2017).
 */
export const LOSSES = ['square', 'charbonnier'] as const
export type Loss = (typeof LOSSES)[number]

/** Charbonnier's ε: some 2.5 levels of 255, about half of the usual error. */
export const CHARBONNIER_EPSILON = 0.01

export interface EngineOptions {
  /** Threads at most, where the engine is parallel over a batch. Default: as many as the machine runs. 1: the caller's own. */
  readonly workers?: number
}

/** As `shapesOf` gives their sizes. */
export interface Batch {
  readonly inputs: Float32Array
  /** What the last layer should put out. */
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

/** How many values a tensor has. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1)
}

/**
 * The contract.
 * - `loss` is the mean over all values of the task's loss of output - target. A residual network's last layer puts
 *   out the residual, one that enlarges scale² values for a pixel: the sampler, not the engine,
 *   subtracts bicubic and takes targets apart.
 * - `gradients` is d loss / d parameters, in the layout of parameters.ts. The array belongs to the
 *   engine and is overwritten by the next call.
 * - One call at a time. The arguments may be changed once it has settled.
 * - On a CPU the result is a function of the arguments alone, bit for bit on one machine.
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
