// The training loop: He initialisation, a learning rate with warm-up and cosine decay, an averaged copy of the weights.
// A step depends only on the state and the batch, so a run that was stopped and resumed ends with the same bits as an
// uninterrupted one.
import { haloOf, type Network } from '../../worker/model/network.ts'
import { createRandom } from '../../worker/image/prng.ts'
import type { Batch, GradientEngine } from '../engine/gradientEngine.ts'
import type { Optimizer } from '../optimizer/contract.ts'
import { createOptimizer, type OptimizerName } from '../optimizer/optimizer.ts'
import { countParameters, viewParameters } from '../engine/parameters.ts'

export interface FitState {
  /** Number of steps done. */
  step: number
  readonly parameters: Float32Array
  readonly optimizer: Optimizer
  /** Exponential moving average of the parameters. This average is exported. */
  readonly average: Float32Array
}

export interface Schedule {
  readonly steps: number
  /** Peak learning rate, for gradients of the mean squared error. */
  readonly rate: number
  /** `cosine`: 200 steps of warm-up, then a cosine decay to 2 % of the peak. `constant`: the peak at every step. */
  readonly course: 'cosine' | 'constant'
}

/**
 * How initial weights are drawn. `he`: as createFitState says. A number: from a normal distribution with this standard
 * deviation.
 */
export type Initialisation = 'he' | number

const WARM_UP_STEPS = 200
/** Learning rate at the end of the cosine decay, as a share of the peak. */
const FINAL_SHARE = 0.02
const AVERAGE_DECAY = 0.999
// The last layer starts with small weights, so that a residual network starts as bicubic and not as noise. A layer with
// a skip also starts with small weights; its contribution then grows from almost nothing (Zhang et al., ICLR 2019,
// "Fixup"). Small weights in layers with a skip gain 0.1 dB on fast at x3 after 1,600 steps, and 0.4 dB on a network
// with four pairs of layers at x2 after 600.
const SMALL_GAIN = 0.1

/**
 * Creates the state before the first step. Draws initial weights as in He et al., 2015: normal with variance 2 /
 * fan-in. The last layer and layers with a skip have a tenth of that standard deviation. Biases are zero.
 */
export function createFitState(
  network: Network,
  seed: number,
  optimizer: OptimizerName,
  initialisation: Initialisation = 'he',
): FitState {
  const parameters = new Float32Array(countParameters(network))
  const random = createRandom(seed)
  viewParameters(network, parameters).forEach(({ weights }, i) => {
    const { kernel, inputs, hasSkip } = network.layers[i]
    const isLast = i === network.layers.length - 1
    const he = Math.sqrt(2 / (kernel * kernel * inputs)) * (isLast || hasSkip ? SMALL_GAIN : 1)
    const deviation = initialisation === 'he' ? he : initialisation
    for (let j = 0; j < weights.length; j++) weights[j] = deviation * random.normal()
  })
  return startFrom(network, parameters, optimizer)
}

/** Returns the state before the first step for given weights. Uses `parameters` itself, not a copy. */
export function startFrom(network: Network, parameters: Float32Array, optimizer: OptimizerName): FitState {
  return {
    step: 0,
    parameters,
    optimizer: createOptimizer(optimizer, network),
    average: parameters.slice(),
  }
}

/** Returns the learning rate of step number `step`, which counts from 0. */
export function rateAt(step: number, { steps, rate, course }: Schedule): number {
  if (course === 'constant') return rate
  const warmUp = Math.min(1, (step + 1) / WARM_UP_STEPS)
  const cosine = 0.5 * (1 + Math.cos((Math.PI * step) / steps))
  return rate * warmUp * (FINAL_SHARE + (1 - FINAL_SHARE) * cosine)
}

/**
 * Returns the ratio of Caffe's Euclidean loss (the sum of squares over a batch of N patches, divided by 2N) to the mean
 * squared error. The ratio is half the number of values in a target: 220.5 for 9-1-5 on 33x33, so that the paper's rate
 * of 1e-4 becomes 2.2e-2.
 */
export function euclideanScale(network: Network, patch: number): number {
  return (network.layers[network.layers.length - 1].outputs * (patch - 2 * haloOf(network)) ** 2) / 2
}

/**
 * Runs steps until the schedule ends or `onStep` returns false. Changes `state` in place; between two steps `state` is
 * complete and can be saved. The next batch is cut while gradients are computed, so `batchOf` must not overwrite the
 * previous batch. Throws if the loss is not finite, so that a run never ends with NaN weights.
 */
export async function fit(
  state: FitState,
  engine: GradientEngine,
  batchOf: (step: number) => Batch | Promise<Batch>,
  schedule: Schedule,
  onStep: (loss: number) => boolean | Promise<boolean>,
): Promise<void> {
  let next = batchOf(state.step)
  while (state.step < schedule.steps) {
    const { step, parameters, optimizer, average } = state
    const computed = engine.lossAndGradients(parameters, await next)
    if (step + 1 < schedule.steps) next = batchOf(step + 1)
    const { loss, gradients } = await computed
    if (!Number.isFinite(loss)) {
      throw new Error(`the loss became ${loss} at step ${step}: try a lower rate than ${schedule.rate}`)
    }
    optimizer.update(parameters, gradients, rateAt(step, schedule), step + 1)
    // Early in a run the average covers fewer steps, so that it soon forgets the initial weights.
    const decay = Math.min(AVERAGE_DECAY, (step + 1) / (step + 10))
    for (let i = 0; i < average.length; i++) average[i] += (1 - decay) * (parameters[i] - average[i])
    state.step = step + 1
    if (!(await onStep(loss))) return
  }
}
