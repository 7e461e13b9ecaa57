// The optimisation: He initialisation, warm-up and cosine, an averaged copy of the weights. One
// step is a function of the state and the step's batch, so a run that was stopped and resumed
// ends in the same bits as one that was not.
import { haloOf, type Network } from '../../worker/model/network.ts'
import { createRandom } from '../../worker/image/prng.ts'
import type { Batch, GradientEngine } from '../engine/gradientEngine.ts'
import type { Optimizer } from '../optimizer/contract.ts'
import { createOptimizer, type OptimizerName } from '../optimizer/optimizer.ts'
import { countParameters, viewParameters } from '../engine/parameters.ts'

export interface FitState {
  /** Steps done. */
  step: number
  readonly parameters: Float32Array
  readonly optimizer: Optimizer
  /** Exponential moving average of the parameters: what is exported. */
  readonly average: Float32Array
}

export interface Schedule {
  readonly steps: number
  /** Peak learning rate, for gradients of the mean squared error. */
  readonly rate: number
  /** `cosine`: 200 steps of warm-up, then a cosine down to 2 %. `constant`: the rate from first to last. */
  readonly course: 'cosine' | 'constant'
}

/** Where weights start. `he`: see createFitState. A number: normal with that standard deviation. */
export type Initialisation = 'he' | number

const WARM_UP_STEPS = 200
/** Where the cosine ends, as a share of the peak. */
const FINAL_SHARE = 0.02
const AVERAGE_DECAY = 0.999
// A last layer that starts small: a residual network then starts as bicubic, not as noise. Likewise one
// with a skip: what it adds grows from little (Zhang et al., ICLR 2019, "Fixup"). On fast at x3 that is
// worth 0.1 dB after 1,600 steps, on four pairs at x2 0.4 after 600.
const SMALL_GAIN = 0.1

/** He et al., 2015: normal with variance 2 / fan-in, these a tenth of that deviation; biases zero. */
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

/** The state before the first step, from given weights, which become the state's own. */
export function startFrom(network: Network, parameters: Float32Array, optimizer: OptimizerName): FitState {
  return {
    step: 0,
    parameters,
    optimizer: createOptimizer(optimizer, network),
    average: parameters.slice(),
  }
}

/** Learning rate of a step, counted from 0. */
export function rateAt(step: number, { steps, rate, course }: Schedule): number {
  if (course === 'constant') return rate
  const warmUp = Math.min(1, (step + 1) / WARM_UP_STEPS)
  const cosine = 0.5 * (1 + Math.cos((Math.PI * step) / steps))
  return rate * warmUp * (FINAL_SHARE + (1 - FINAL_SHARE) * cosine)
}

/**
 * How many times the mean squared error Caffe's Euclidean loss is, the sum over a batch of N patches
 * / 2N: half the values of a target. 220.5 for 9-1-5 on 33x33, so the paper's rate of 1e-4 is 2.2e-2.
 */
export function euclideanScale(network: Network, patch: number): number {
  return (network.layers[network.layers.length - 1].outputs * (patch - 2 * haloOf(network)) ** 2) / 2
}

/**
 * Steps until the schedule ends or `onStep` gives false. `state` is changed in place and is whole
 * between steps. While gradients are computed the next batch is cut, so `batchOf` must leave the
 * last one alone. Throws when the loss is no number: a run never ends in NaN weights.
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
    // At first over fewer steps, so that the start is soon forgotten.
    const decay = Math.min(AVERAGE_DECAY, (step + 1) / (step + 10))
    for (let i = 0; i < average.length; i++) average[i] += (1 - decay) * (parameters[i] - average[i])
    state.step = step + 1
    if (!(await onStep(loss))) return
  }
}
