// The networks that have a name, and what training them is like.
import { type Architecture, SRCNN_915, subPixelArchitecture } from '../../worker/model/network.ts'

export interface Family {
  architectureAt(scale: number): Architecture
}

export const FAMILIES = {
  /** The paper's. */
  srcnn: { architectureAt: () => SRCNN_915 },
  /** Sub-pixel, a fifth of SRCNN's multiplications at x3. */
  fast: { architectureAt: (scale) => subPixelArchitecture(scale, 16, 3) },
  /** Sub-pixel, the best that takes no more multiplications than SRCNN. */
  quality: {
    architectureAt: (scale) => subPixelArchitecture(scale, scale === 2 ? 20 : 32, scale === 2 ? 4 : 3),
  },
} as const satisfies Readonly<Record<string, Family>>

export type FamilyName = keyof typeof FAMILIES

export function isFamily(name: string): name is FamilyName {
  return Object.hasOwn(FAMILIES, name)
}
