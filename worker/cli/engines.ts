// What networks can run on here. All but `fused` are for comparing: the worker serves what `fused` makes.
import { reference } from '../engine/reference.ts'
import type { Platform } from '../platform/platform.ts'
import { loadPlatform, NODE_ENGINES } from '../node.ts'

export const ENGINES = [...NODE_ENGINES, 'reference'] as const
export type EngineName = (typeof ENGINES)[number]

/** Throws where it needs a package that is not installed. */
export async function loadEngine(name: EngineName): Promise<Platform> {
  if (name !== 'reference') return loadPlatform({ engine: name })
  return { ...(await loadPlatform()), engines: reference.name, engineFor: () => reference }
}
