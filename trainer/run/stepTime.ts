import type { Network } from '../../worker/model/network.ts'
import type { PatchSource } from '../data/patchSource.ts'
import type { GradientEngine } from '../engine/gradientEngine.ts'
import type { OptimizerName } from '../optimizer/optimizer.ts'
import { createFitState, fit, type Schedule } from './fit.ts'

/** Number of timed steps: enough for a stable average, but few compared with a run. */
const PROBE_STEPS = 30

/** Returns the mean time of a training step in ms, measured on the run's own patches and engine. */
export async function measureStepMs(
  network: Network,
  optimizer: OptimizerName,
  engine: GradientEngine,
  patches: PatchSource,
): Promise<number> {
  // The steps change a separate state, so that the run still starts with its own initial state.
  const rehearsal = createFitState(network, 0, optimizer)
  const schedule: Schedule = { steps: 2 * PROBE_STEPS, rate: 1e-6, course: 'constant' }
  let start = 0
  await fit(
    rehearsal,
    engine,
    (step) => patches.batch(step),
    schedule,
    () => {
      if (rehearsal.step === PROBE_STEPS) start = performance.now() // the first half allocates memory
      return true
    },
  )
  return (performance.now() - start) / PROBE_STEPS
}
