// Makes a picture sharper in the browser. Within the worker's limits, the result has the same bytes as the worker's.
import { type Header, readHeader, uprightSize } from '../codec/header.ts'
import { labelOf } from '../picture/models.ts'
import { makeFile, type Tools } from '../picture/makeFile.ts'
import { resolveOptions } from '../options.ts'
import { type Choices, decide, type Decision, type DecisionDeps } from '../picture/plan.ts'
import type { Wish } from '../picture/wish.ts'
import { ISOLATE_LIMITS, PROCESS_LIMITS } from '../platform/limits.ts'
import type { Platform } from '../platform/platform.ts'
import { Skip, SKIP_REASONS } from '../picture/skip.ts'
import type { EnlargeResult, PictureBlob, PageWish } from './messages.ts'
import type { Opened } from './openFile.ts'
import type { Tell } from './watchedTools.ts'

/** The worker's default settings. */
const WORKERS = resolveOptions({ cache: false })
/** The settings in the browser, which has more memory and more time than an isolate. */
export const OURS = resolveOptions({ cache: false, maxSourceBytes: 100_000_000, maxCpuMs: 300_000 }, PROCESS_LIMITS)

/** The parameters for enlarging a picture, the models that they allow, and the platform. */
export interface EnlargeContext {
  readonly wish: Wish
  readonly choices: Choices
  readonly deps: DecisionDeps
  readonly platform: Platform
  readonly tell: Tell
  /** Wraps the platform's tools so that they report progress. */
  readonly watch: (decision: Decision, header: Header) => Tools
}

export function wishOf({ scale, format, quality, model }: PageWish): Wish {
  return { size: { scale }, format, quality, model } // all browsers accept WebP
}

/** Makes the result. Throws a Skip if the picture cannot be enlarged. */
export async function makeHere(opened: Opened, wanting: EnlargeContext): Promise<Omit<EnlargeResult, 'ms'>> {
  const { file, bytes, header, isDecodedByBrowser } = opened
  const { wish, choices, deps, watch } = wanting
  const decision = await decide({ header, bytes: bytes.length }, wish, choices, deps)
  const result = await makeFile(bytes, header, decision, watch(decision, header))
  return {
    before: isDecodedByBrowser ? foreignBlob(file, header) : pictureBlob(file, header),
    after: pictureBlob(new Blob([result as BlobPart]), readHeader(result)),
    ...madeBy(decision),
    elsewhere: isDecodedByBrowser
      ? original(SKIP_REASONS.FORMAT)
      : await differenceElsewhere(opened, decision, wanting),
    isDecodedByBrowser,
    measured: undefined,
  }
}

/** Returns what a worker with default settings would do instead; undefined if it would make the same. Makes no picture. */
async function differenceElsewhere(
  { bytes, header }: Opened,
  { plan }: Decision,
  { wish, choices, deps, platform }: EnlargeContext,
): Promise<string | undefined> {
  if (bytes.length > WORKERS.maxSourceBytes) return original(SKIP_REASONS.SOURCE_BYTES)
  const there = { ...deps, settings: WORKERS, limits: ISOLATE_LIMITS, engineFor: platform.engineFor }
  try {
    const { plan: other } = await decide({ header, bytes: bytes.length }, wish, choices, there)
    const isSame = other.scale === plan.scale && other.format === plan.format
    return isSame ? undefined : `would make x${other.scale} as ${other.format.toUpperCase()}, the largest that it can`
  } catch (error) {
    if (error instanceof Skip) return original(error.message)
    throw error
  }
}

function original(because: string): string {
  return `would serve the original: ${because}`
}

/** Describes a file that the browser decoded. `header` is the header of the PNG that replaced the file. */
function foreignBlob(file: Blob, header: Header): PictureBlob {
  return { file, type: file.type.replace('image/', ''), ...uprightSize(header) }
}

/** Describes a file. Takes its type from the content, because browsers derive a file's type from its name. */
export function pictureBlob(file: Blob, header: Header): PictureBlob {
  return {
    file: new Blob([file], { type: header.mime }),
    type: header.type,
    ...uprightSize(header),
  }
}

/** Returns the label of the model that a decision uses, the engine's name, and the asked size if it was too large. */
export function madeBy({ plan, model }: Decision): Pick<EnlargeResult, 'model' | 'engine' | 'asked'> {
  return { model: labelOf(plan.model), engine: model?.engine.name, asked: plan.asked }
}
