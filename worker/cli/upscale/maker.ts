// A file's bytes to a sharper file's, by the very functions that the worker serves with: the same parameters and
// the same build of the kernels give the same bytes.
import { type Header, readHeader } from '../../codec/header.ts'
import { makeFile } from '../../picture/makeFile.ts'
import type { Platform } from '../../platform/platform.ts'
import { createModels } from '../../picture/models.ts'
import { resolveOptions, type Settings } from '../../options.ts'
import type { Scale } from '../../client/allowed.ts'
import type { Params } from '../../request/params.ts'
import { choicesOf, type Decision, decide } from '../../picture/plan.ts'

/** What is wanted of every picture. */
export interface MakerOptions {
  readonly params: Params
  /** Most pixels of a source. */
  readonly maxPixels: number
}

export interface Decided {
  readonly header: Header
  readonly decision: Decision
}

export interface Maker {
  /** What will be done with a file, from its header. Throws a Skip for one that is beyond us. */
  decide(bytes: Uint8Array): Promise<Decided>
  /** Throws a Skip for whatever fails. */
  make(bytes: Uint8Array, decided: Decided): Promise<Uint8Array>
}

/** Throws an SrError for a model that there is not. */
export async function createMaker(platform: Platform, { params, maxPixels }: MakerOptions): Promise<Maker> {
  const settings = settingsFor(maxPixels)
  const models = createModels(platform.bundled, undefined)
  const choices = await choicesOf(params, { models, settings })
  const deciding = { settings, models, engineFor: platform.engineFor }
  return {
    async decide(bytes) {
      const header = readHeader(bytes)
      const decision = await decide(header, bytes.length, params, params.format, choices, deciding)
      return { header, decision }
    },
    make: (bytes, { header, decision }) => makeFile(bytes, header, decision, platform),
  }
}

const MAX_SCALE: Scale = 4

/**
 * The worker's, but for limits that protect an isolate: its time and memory, beyond which bicubic takes the
 * network's place. Here that would be a result that depends on the machine.
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
