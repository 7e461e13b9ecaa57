// The families of networks that can be trained by name, with their architecture at each scale.
import { type Architecture, SRCNN_915, subPixelArchitecture } from '../../worker/model/network.ts'

export interface Family {
  architectureAt(scale: number): Architecture
}

export const FAMILIES = {
  /** The paper's network, 9-1-5. */
  srcnn: { architectureAt: () => SRCNN_915 },
  /** A sub-pixel network that needs a fifth of SRCNN's multiplications at x3. */
  fast: { architectureAt: (scale) => subPixelArchitecture(scale, 16, 3) },
  /** The best sub-pixel network that needs no more multiplications than SRCNN. */
  quality: {
    architectureAt: (scale) => subPixelArchitecture(scale, scale === 2 ? 20 : 32, scale === 2 ? 4 : 3),
  },
} as const satisfies Readonly<Record<string, Family>>

export type FamilyName = keyof typeof FAMILIES

export function isFamily(name: string): name is FamilyName {
  return Object.hasOwn(FAMILIES, name)
}
