// The optimisation: He initialisation, Adam with warm-up and cosine, an averaged copy of the
// weights. One step is a function of the state and the step's batch, so a run that was stopped
// and resumed ends in the same bits as one that was not.
import type { Network } from '../worker/model/network.ts'
import { createRandom } from '../worker/image/prng.ts'
import { type AdamState, createAdam, stepAdam } from './adam.ts'
import type { Batch, TrainEngine } from './engine/engine.ts'
import { countParameters, viewParameters } from './parameters.ts'

export interface FitState {
  /** Steps done. */
  step: number
  readonly parameters: Float32Array
  readonly adam: AdamState
  /** Exponential moving average of the parameters: what is exported. */
  readonly average: Float32Array
}

export interface Schedule {
  readonly steps: number
  /** Peak learning rate. */
  readonly rate: number
}

const WARM_UP_STEPS = 200
/** Where the cosine ends, as a share of the peak. */
const FINAL_SHARE = 0.02
const AVERAGE_DECAY = 0.999
// A last layer that starts small: a residual network then starts as bicubic, not as noise.
const LAST_LAYER_GAIN = 0.1

/** He et al., 2015: normal with variance 2 / fan-in, biases zero. */
export function createFitState(network: Network, seed: number): FitState {
  const parameters = new Float32Array(countParameters(network))
  const random = createRandom(seed)
  viewParameters(network, parameters).forEach(({ weights }, i) => {
    const { kernel, inputs } = network.layers[i]
    const isLast = i === network.layers.length - 1
    const deviation = Math.sqrt(2 / (kernel * kernel * inputs)) * (isLast ? LAST_LAYER_GAIN : 1)
    for (let j = 0; j < weights.length; j++) weights[j] = deviation * random.normal()
  })
  return {
    step: 0,
    parameters,
    adam: createAdam(parameters.length),
    average: parameters.slice(),
  }
}

/** Learning rate of a step, counted from 0. */
export function rateAt(step: number, { steps, rate }: Schedule): number {
  const warmUp = Math.min(1, (step + 1) / WARM_UP_STEPS)
  const cosine = 0.5 * (1 + Math.cos((Math.PI * step) / steps))
  return rate * warmUp * (FINAL_SHARE + (1 - FINAL_SHARE) * cosine)
}

/**
 * Steps until the schedule ends or `onStep` gives false. `state` is changed in place and is whole
 * between steps. Throws when the loss is no number: a run never ends in NaN weights.
 */
export async function fit(
  state: FitState,
  engine: TrainEngine,
  sample: (step: number) => Batch,
  schedule: Schedule,
  onStep: (loss: number) => boolean | Promise<boolean>,
): Promise<void> {
  while (state.step < schedule.steps) {
    const { step, parameters, adam, average } = state
    const { loss, gradients } = await engine.lossAndGradients(parameters, sample(step))
    if (!Number.isFinite(loss)) {
      throw new Error(`the loss became ${loss} at step ${step}: try a lower rate than ${schedule.rate}`) // prettier-ignore
    }
    stepAdam(adam, parameters, gradients, rateAt(step, schedule), step + 1)
    for (let i = 0; i < average.length; i++) {
      average[i] += (1 - AVERAGE_DECAY) * (parameters[i] - average[i])
    }
    state.step = step + 1
    if (!(await onStep(loss))) return
  }
}
