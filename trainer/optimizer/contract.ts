// The contract of an optimiser, which updates the weights from their gradients.

export interface Optimizer {
  /** Updates `parameters` in place. `step` counts from 1; `rate` is the learning rate of that step. */
  update(parameters: Float32Array, gradients: Float32Array, rate: number, step: number): void
  /**
   * Everything that the next step depends on, except the arguments of `update`. Writing to these arrays changes the
   * state.
   */
  readonly state: Readonly<Record<string, Float32Array | Float64Array>>
}
