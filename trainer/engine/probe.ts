// A GPU is believed by what it does, not by an import that succeeds: libtensorflow falls back to
// the CPU without a word, and software renderers pose as GPUs.
import { createRandom } from '../../worker/image/prng.ts'
import { createNetwork, SRCNN_915 } from '../../worker/model/network.ts'
import { countParameters } from './parameters.ts'
import { type Batch, shapesOf, sizeOf, type Task, type GradientEngine } from './gradientEngine.ts'

export type CreateEngine = (task: Task) => Promise<GradientEngine>

/** A step takes a GPU a few ms however small its batch, and a software renderer most of a second. */
const SMALL_BATCH = 2
const SMALL_STEP_MS = 100
const BATCH = 32
/** Less of a lead is noise, or the CPU under another name. */
const LEAD = 1.2

/** Throws, and says why, unless training steps on `gpu` are faster than on `cpu`. */
export async function expectFaster(gpu: CreateEngine, cpu: CreateEngine): Promise<void> {
  const stepMs = (1000 * SMALL_BATCH) / (await measureRate(gpu, SMALL_BATCH))
  if (stepMs > SMALL_STEP_MS) {
    throw new Error(
      `${Math.round(stepMs)} ms for a step of ${SMALL_BATCH} patches: expected a GPU, this looks like software`,
    )
  }
  const [fast, slow] = [await measureRate(gpu, BATCH), await measureRate(cpu, BATCH)]
  if (fast < LEAD * slow) {
    throw new Error(
      `expected a GPU to be faster than the CPU, got ${Math.round(fast)} and ${Math.round(slow)} patches/s`,
    )
  }
}

/** Patches a second in the best of `steps` steps of 9-1-5 on 33x33 patches, after one that allocates. */
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

/** Of the largest gradient of all: f32 sums differ by some 1e-6, a broken kernel by percents. */
const WRONG = 1e-3

/**
 * Throws unless both engines give one step the same gradients. For providers that miscompute some
 * shapes: onnxruntime-node 1.30's WebGPU does so for 9-5-5 on three planes.
 */
export async function expectSame(tested: GradientEngine, trusted: GradientEngine, task: Task): Promise<void> {
  const { parameters, examples } = drawStep(task, 1)
  const { gradients } = await tested.lossAndGradients(parameters, examples)
  const { gradients: expected } = await trusted.lossAndGradients(parameters, examples)
  const largestOf = (values: Float32Array) => values.reduce((most, v) => Math.max(most, Math.abs(v)), 0)
  const error = largestOf(gradients.map((value, i) => value - expected[i])) / largestOf(expected)
  // Not a number, too, is wrong.
  if (!(error < WRONG)) {
    throw new Error(
      `${tested.description} computes wrong gradients for this network, off by ${error.toExponential(1)} of the largest: choose another backend`,
    )
  }
}

/** Arguments of a step, from noise. Weights and biases are normal with deviation 0.05, so that about half of all units are active. */
export function drawStep(task: Task, seed: number): { parameters: Float32Array; examples: Batch } {
  const random = createRandom(seed)
  const fill = (length: number) => Float32Array.from({ length }, () => random.next())
  const { inputs, targets } = shapesOf(task)
  return {
    parameters: Float32Array.from({ length: countParameters(task.network) }, () => 0.05 * random.normal()),
    examples: { inputs: fill(sizeOf(inputs)), targets: fill(sizeOf(targets)) },
  }
}
