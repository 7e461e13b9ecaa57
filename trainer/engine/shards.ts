// Splits a batch into equal shards, each computed on its own, in any order and on any thread. The results are added up
// in a fixed order, so the sum has the same bits whichever thread computed which shard.
import { countParameters } from './parameters.ts'
import { type Batch, shapesOf, sizeOf, type Task } from './gradientEngine.ts'

/**
 * Returns the number of patches in a shard: the largest divisor of `batch` that is at most SHARD and leaves at least
 * LEAST_SHARDS shards. This number does not depend on the number of threads, so the same batch gives the same bits on
 * any number of threads.
 */
export function shardOf(batch: number): number {
  let shard = Math.max(1, Math.min(SHARD, Math.floor(batch / LEAST_SHARDS)))
  while (batch % shard !== 0) shard--
  return shard
}

// Maximum number of patches in a shard. 4, 8, 16 and 32 are equally fast within noise; small shards keep more threads
// busy.
const SHARD = 8
// Minimum number of shards, so that even a small batch gives four threads work. Smaller shards cost little: in shards
// of 2 a patch takes 3 % longer than in shards of 8.
const LEAST_SHARDS = 4

/** A step in shared memory: threads read `parameters` and `batch`, and write `losses` and `gradients`. */
export interface SharedStep {
  readonly parameters: Float32Array
  readonly batch: Batch
  /** [shards]: mean loss of each shard. */
  readonly losses: Float64Array
  /** [shards, parameters]: gradients of each shard. */
  readonly gradients: Float32Array
  /** [1]: index of the next shard to compute. */
  readonly next: Int32Array
}

export function createSharedStep(task: Task): SharedStep {
  const count = countParameters(task.network)
  const shards = task.batch / shardOf(task.batch)
  const { inputs, targets } = shapesOf(task)
  const floats = (length: number) => new Float32Array(new SharedArrayBuffer(4 * length))
  return {
    parameters: floats(count),
    batch: { inputs: floats(sizeOf(inputs)), targets: floats(sizeOf(targets)) },
    losses: new Float64Array(new SharedArrayBuffer(8 * shards)),
    gradients: floats(shards * count),
    next: new Int32Array(new SharedArrayBuffer(4)),
  }
}

/**
 * Computes shards until none is left. Several threads may call it at the same time. `compute` receives copies, because
 * a native runtime must not get memory that other threads write to.
 */
export async function takeShards(
  { parameters, batch, losses, gradients, next }: SharedStep,
  compute: (parameters: Float32Array, batch: Batch, gradients: Float32Array) => Promise<number>,
): Promise<void> {
  const shards = losses.length
  const part = (all: Float32Array, shard: number) =>
    all.subarray((shard * all.length) / shards, ((shard + 1) * all.length) / shards)
  const own = parameters.slice()
  for (;;) {
    const shard = Atomics.add(next, 0, 1)
    if (shard >= shards) return
    const inputs = part(batch.inputs, shard).slice()
    const targets = part(batch.targets, shard).slice()
    losses[shard] = await compute(own, { inputs, targets }, part(gradients, shard))
  }
}

/**
 * Returns the mean loss of the batch and writes its gradients to `sum`. All shards have the same size, so the mean of
 * the shards' means is the mean of the batch.
 */
export function combineShards({ losses, gradients }: SharedStep, sum: Float32Array): number {
  const shards = losses.length
  for (let i = 0; i < sum.length; i++) {
    let total = 0
    for (let at = i; at < gradients.length; at += sum.length) total += gradients[at]
    sum[i] = total / shards
  }
  return losses.reduce((total, loss) => total + loss, 0) / shards
}
