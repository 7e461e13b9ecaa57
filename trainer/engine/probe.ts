// Tests a GPU by computing on it. A successful import proves nothing: libtensorflow falls back to the CPU without an
// error, and software renderers present themselves as GPUs.
import { createRandom } from '../../worker/image/prng.ts'
import { createNetwork, SRCNN_915 } from '../../worker/model/network.ts'
import { countParameters } from './parameters.ts'
import { type Batch, shapesOf, sizeOf, type Task, type GradientEngine } from './gradientEngine.ts'

export type CreateEngine = (task: Task) => Promise<GradientEngine>

/** A step on a batch this small takes a few ms on a GPU, but most of a second on a software renderer. */
const SMALL_BATCH = 2
const SMALL_STEP_MS = 100
const BATCH = 32
/** Minimum speed-up over the CPU. A smaller speed-up may be noise, or a sign that the supposed GPU is the CPU. */
const LEAD = 1.2

/**
 * Throws an error with the reason if `gpu` is a software renderer, or if it is less than LEAD times as fast as `cpu`.
 */
export async function expectFaster(gpu: CreateEngine, cpu: CreateEngine): Promise<void> {
  const stepMs = (1000 * SMALL_BATCH) / (await measureRate(gpu, SMALL_BATCH))
  if (stepMs > SMALL_STEP_MS) {
    throw new Error(
      `expected a GPU, got a software renderer: a step of ${SMALL_BATCH} patches took ${Math.round(stepMs)} ms`,
    )
  }
  const [fast, slow] = [await measureRate(gpu, BATCH), await measureRate(cpu, BATCH)]
  if (fast < LEAD * slow) {
    throw new Error(
      `expected a GPU to be faster than the CPU, got ${Math.round(fast)} and ${Math.round(slow)} patches/s`,
    )
  }
}

/**
 * Returns the speed, in patches per second, of the fastest of `steps` training steps of 9-1-5 on 33x33 patches. Does
 * not time the first step, which allocates memory.
 */
export async function measureRate(createEngine: CreateEngine, batch: number, steps = 3): Promise<number> {
  const task: Task = { network: createNetwork(SRCNN_915), batch, patch: 33 }
  const { parameters, examples } = drawStep(task, 1)
  const engine = await createEngine(task)
  try {
    let bestMs = Infinity
    for (let step = -1; step < steps; step++) {
      const start = performance.now()
      await engine.lossAndGradients(parameters, examples)
      if (step >= 0) bestMs = Math.min(bestMs, performance.now() - start)
    }
    return (1000 * batch) / bestMs
  } finally {
    await engine.dispose()
  }
}

/**
 * Largest accepted error as a share of the largest gradient. Sums in f32 differ by some 1e-6 of it, the results of a
 * broken kernel by several percent.
 */
const TOLERANCE = 1e-3

/**
 * Throws unless both engines compute the same gradients in one step. Some providers miscompute some shapes: WebGPU of
 * onnxruntime-node 1.30 does so for 9-5-5 on three planes.
 */
export async function expectSame(tested: GradientEngine, trusted: GradientEngine, task: Task): Promise<void> {
  const { parameters, examples } = drawStep(task, 1)
  const { gradients } = await tested.lossAndGradients(parameters, examples)
  const { gradients: expected } = await trusted.lossAndGradients(parameters, examples)
  const largestOf = (values: Float32Array) => values.reduce((most, v) => Math.max(most, Math.abs(v)), 0)
  const error = largestOf(gradients.map((value, i) => value - expected[i])) / largestOf(expected)
  // Every comparison with NaN is false, so this form rejects NaN too.
  if (!(error < TOLERANCE)) {
    throw new Error(
      `${tested.description} computes wrong gradients for this network, with an error of ${error.toExponential(1)} ` +
        'of the largest gradient: choose another backend',
    )
  }
}

/**
 * Draws random arguments for a step. Weights and biases are normal with standard deviation 0.05, so that about half of
 * all units are active.
 */
export function drawStep(task: Task, seed: number): { parameters: Float32Array; examples: Batch } {
  const random = createRandom(seed)
  const fill = (length: number) => Float32Array.from({ length }, () => random.next())
  const { inputs, targets } = shapesOf(task)
  return {
    parameters: Float32Array.from({ length: countParameters(task.network) }, () => 0.05 * random.normal()),
    examples: { inputs: fill(sizeOf(inputs)), targets: fill(sizeOf(targets)) },
  }
}
