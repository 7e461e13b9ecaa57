// A batch in equal parts, each of which is computed on its own, in any order and on any thread.
// What is summed up afterwards, in order, is the same bits whoever computed which part.
import { countParameters } from './parameters.ts'
import { type Batch, shapesOf, sizeOf, type Task } from './gradientEngine.ts'

/**
 * Patches in a shard: the largest divisor of `batch` up to SHARD that leaves LEAST_SHARDS. Not a
 * function of the number of threads, for the bits' sake.
 */
export function shardOf(batch: number): number {
  let shard = Math.max(1, Math.min(SHARD, Math.floor(batch / LEAST_SHARDS)))
  while (batch % shard !== 0) shard--
  return shard
}

// Of 4, 8, 16 and 32 none is slower than the others beyond noise; small ones keep more threads busy.
const SHARD = 8
// So that four threads have work even in a small batch: of 2 patches each costs 3 % more than of 8.
const LEAST_SHARDS = 4

/** Of all shards, in shared memory: threads read `parameters` and `batch`, and write their results. */
export interface SharedStep {
  readonly parameters: Float32Array
  readonly batch: Batch
  /** [shards], of each shard's own mean. */
  readonly losses: Float64Array
  /** [shards, parameters] */
  readonly gradients: Float32Array
  /** [1]: the first shard that nobody has taken. */
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
 * Computes shards until none is left; several threads may do so at once. `compute` is given
 * copies: a native runtime must not be handed memory that other threads write to.
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

/** The batch's loss; `sum` becomes its gradients. The means of equal shards have the batch's mean as theirs. */
export function combineShards({ losses, gradients }: SharedStep, sum: Float32Array): number {
  const shards = losses.length
  for (let i = 0; i < sum.length; i++) {
    let total = 0
    for (let at = i; at < gradients.length; at += sum.length) total += gradients[at]
    sum[i] = total / shards
  }
  return losses.reduce((total, loss) => total + loss, 0) / shards
}
