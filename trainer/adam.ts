// Adam (Kingma and Ba, 2015) on a flat vector, with the paper's constants.
const BETA1 = 0.9
const BETA2 = 0.999
const EPSILON = 1e-8

export interface AdamState {
  /** Running means of the gradient and of its square, one a parameter. */
  readonly mean: Float32Array
  readonly square: Float32Array
}

export function createAdam(length: number): AdamState {
  return { mean: new Float32Array(length), square: new Float32Array(length) }
}

/** Moves `parameters` in place; `step` counts from 1. */
export function stepAdam(
  { mean, square }: AdamState,
  parameters: Float32Array,
  gradients: Float32Array,
  rate: number,
  step: number,
): void {
  // The means start at zero; this takes that bias out.
  const scaledRate = (rate * Math.sqrt(1 - BETA2 ** step)) / (1 - BETA1 ** step)
  for (let i = 0; i < parameters.length; i++) {
    const gradient = gradients[i]
    mean[i] += (1 - BETA1) * (gradient - mean[i])
    square[i] += (1 - BETA2) * (gradient * gradient - square[i])
    parameters[i] -= (scaledRate * mean[i]) / (Math.sqrt(square[i]) + EPSILON)
  }
}
