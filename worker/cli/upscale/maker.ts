// Makes a sharper file from the bytes of a file, with the same functions as the worker. So the same parameters and the
// same build of the kernels give the same bytes.
import { type Header, readHeader } from '../../codec/header.ts'
import { makeFile } from '../../picture/makeFile.ts'
import type { Platform } from '../../platform/platform.ts'
import { createModels } from '../../picture/models.ts'
import { resolveOptions, type Settings } from '../../options.ts'
import type { Scale } from '../../client/allowed.ts'
import type { Wish } from '../../picture/wish.ts'
import { choicesOf, type Decision, decide } from '../../picture/plan.ts'

/** The options that hold for every picture of a run. */
export interface MakerOptions {
  readonly wish: Wish
  /** Largest allowed number of pixels of a source; larger sources are left out. */
  readonly maxPixels: number
}

export interface Decided {
  readonly header: Header
  readonly decision: Decision
}

export interface Maker {
  /** Decides from the header of a file which result to make. Throws a Skip if the file cannot be enlarged. */
  decide(bytes: Uint8Array): Promise<Decided>
  /** Makes the file with the enlarged picture; `tell`: see makeFile. Throws a Skip if any step fails. */
  make(bytes: Uint8Array, decided: Decided, tell?: (share: number) => void): Promise<Uint8Array>
}

/** Creates a maker. Throws an SrError if the model does not exist. */
export async function createMaker(platform: Platform, { wish, maxPixels }: MakerOptions): Promise<Maker> {
  const settings = settingsFor(maxPixels)
  const models = createModels(platform.bundled, undefined)
  const choices = await choicesOf(wish, { models, settings })
  const deps = { settings, models, engineFor: platform.engineFor, limits: platform.limits }
  return {
    async decide(bytes) {
      const header = readHeader(bytes)
      const decision = await decide({ header, bytes: bytes.length }, wish, choices, deps)
      return { header, decision }
    },
    make: (bytes, { header, decision }, tell) => makeFile(bytes, header, decision, platform, tell),
  }
}

const MAX_SCALE: Scale = 4

/**
 * Returns the worker's settings without the limits on CPU time and memory. In an isolate, bicubic replaces a network
 * that exceeds these limits; here no picture may silently get a worse result.
 */
function settingsFor(maxPixels: number): Settings {
  return resolveOptions({
    cache: false,
    maxSourcePixels: maxPixels,
    maxOutputPixels: maxPixels * MAX_SCALE ** 2,
    maxCpuMs: Number.MAX_SAFE_INTEGER,
    maxMemoryBytes: Number.MAX_SAFE_INTEGER,
  })
}
