// All that is fuzzed.
import type { FuzzTarget } from './fuzz.ts'
import { modelTargets } from './targets/model.ts'
import { pictureTargets } from './targets/pictures.ts'
import { requestTargets } from './targets/request.ts'

/** `corpus`: files that are changed beside our own. */
export function allTargets(corpus: readonly Uint8Array[] = []): FuzzTarget[] {
  return [...pictureTargets(corpus), ...modelTargets(), ...requestTargets()]
}

/** The seed of the command and of the test. */
export const DEFAULT_SEED = 20_260_101
