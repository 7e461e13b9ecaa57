// The engines that the command line can run networks on. The worker uses `fused`; the other engines are for comparison.
import { reference } from '../engine/reference.ts'
import type { Platform } from '../platform/platform.ts'
import { loadPlatform, NODE_ENGINES } from '../node.ts'

export const ENGINES = [...NODE_ENGINES, 'reference'] as const
export type EngineName = (typeof ENGINES)[number]

/** Loads the platform with the engine `name`. Throws if the engine needs a package that is not installed. */
export async function loadEngine(name: EngineName): Promise<Platform> {
  if (name !== 'reference') return loadPlatform({ engine: name })
  return { ...(await loadPlatform()), engines: reference.name, engineFor: () => reference }
}
