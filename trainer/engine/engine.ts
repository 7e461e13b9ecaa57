// What a training run needs of whatever computes gradients. Everything else (sampling, Adam,
// schedule, averaging, checkpoints) lies above it in plain TypeScript, so that every engine
// follows the same curve.
import type { Network } from '../../worker/model/network.ts'

/** What one engine is made for: these never change during a run. */
export interface Task {
  /** Layer shapes; the weights in it are not read. */
  readonly network: Network
  /** Patches in a batch. */
  readonly batch: number
  /** Side of an input patch; convolutions are valid, so a target is `2 * haloOf(network)` smaller. */
  readonly patch: number
}

export interface EngineOptions {
  /** Threads at most, where the engine is parallel over a batch. Default: as many as the machine runs. 1: the caller's own. */
  readonly workers?: number
}

export interface Batch {
  /** [batch, channels, patch, patch] */
  readonly inputs: Float32Array
  /** [batch, channels, patch - 2 halo, patch - 2 halo]: what the last layer should put out. */
  readonly targets: Float32Array
}

/**
 * The contract.
 * - `loss` is the mean over all values of (output - target)². A residual network's last layer puts
 *   out the residual: the sampler, not the engine, subtracts the input.
 * - `gradients` is d loss / d parameters, in the layout of parameters.ts. The array belongs to the
 *   engine and is overwritten by the next call.
 * - One call at a time. The arguments may be changed once it has settled.
 * - On a CPU the result is a function of the arguments alone, bit for bit on one machine.
 */
export interface TrainEngine {
  /** One line for the log: runtime, version, threads. */
  readonly description: string
  lossAndGradients(parameters: Float32Array, batch: Batch): Promise<LossAndGradients>
  dispose(): Promise<void>
}

export interface LossAndGradients {
  readonly loss: number
  readonly gradients: Float32Array
}
