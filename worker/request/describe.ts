// `sr-format=json`: what would be done with a picture, and why, for whoever asks himself that. Nothing is made and
// nothing is kept; the origin is asked each time.
import { SKIP_REASONS, Skip, type SkipReason } from '../picture/skip.ts'
import { type Header, readHeader, uprightSize } from '../codec/header.ts'
import { SAFE_HEADERS } from '../base/errors.ts'
import { freshnessOf, isTheirOwn } from '../origin/freshness.ts'
import { requireMiss } from './rateLimit.ts'
import { BICUBIC, CLEAN_JPEG_QUALITY } from '../picture/models.ts'
import type { Format } from '../client/allowed.ts'
import type { Params } from './params.ts'
import { type Choices, type Decision, decide, type Deciding } from '../picture/plan.ts'
import { readSource, requireChangeable, type Source } from '../origin/source.ts'

/** What the JSON holds; sizes in pixels, upright. */
export interface Description {
  readonly outcome: 'done' | 'skipped'
  /** Why the picture would come back as it is. */
  readonly reason?: SkipReason
  readonly because?: string
  readonly source?: {
    readonly type: string
    readonly width: number
    readonly height: number
    readonly bytes: number
    /** 1 to 100, as its quantisation tables tell. */
    readonly jpegQuality?: number
    readonly alpha: boolean
  }
  readonly result?: {
    readonly scale: number
    readonly width: number
    readonly height: number
    readonly format: string
    /** Undefined where the format has none. */
    readonly quality?: number
  }
  readonly model?: {
    readonly name: string
    readonly weights?: string
    readonly engine?: string
    readonly because: string
  }
  /** Estimates from above, on the README's machine. */
  readonly cost?: { readonly cpuMs: number; readonly memoryBytes: number }
}

/** Rejects only where the origin gave no answer. */
export async function describe(
  request: Request,
  want: Params,
  format: Format,
  choices: Choices,
  source: Source,
  deps: Deciding & { readonly nowMs: () => number },
): Promise<Response> {
  const { settings, nowMs } = deps
  let original: Response | undefined
  let about: Pick<Description, 'source'> = {}
  try {
    await requireMiss(request, settings)
    original = await source({})
    if (original.status !== 200) throw new Skip('ORIGIN_STATUS')
    const freshness = freshnessOf(original.headers, settings, nowMs())
    if (isTheirOwn(request, freshness)) throw new Skip('CREDENTIALS')
    requireChangeable(original.headers, freshness)
    const { bytes, tooLarge } = await readSource(original, settings)
    if (tooLarge) {
      await tooLarge.cancel()
      throw new Skip('SOURCE_BYTES')
    }
    const header = readHeader(bytes)
    about = { source: sourceOf(header, bytes.length) }
    const decision = await decide(header, bytes.length, want, format, choices, deps)
    return answer({ outcome: 'done', ...about, ...resultOf(decision, header, want) })
  } catch (error) {
    if (original && !original.bodyUsed) await original.body?.cancel()
    if (!(error instanceof Skip)) throw error
    const { reason } = error
    return answer({ outcome: 'skipped', reason, because: SKIP_REASONS[reason], ...about })
  }
}

function answer(description: Description): Response {
  const headers = { 'cache-control': 'no-store', ...SAFE_HEADERS }
  return Response.json(description, { headers })
}

function sourceOf(header: Header, bytes: number): Description['source'] {
  if (header.type === 'unknown') return undefined
  const { type, jpegQuality, alpha } = header
  return { type, ...uprightSize(header), bytes, jpegQuality, alpha }
}

function resultOf(
  { plan, model, cost }: Decision,
  { jpegQuality }: Header,
  want: Params,
): Pick<Description, 'result' | 'model' | 'cost'> {
  const { scale, width, height, format } = plan
  const quality = format === 'png' ? undefined : plan.quality
  const name = plan.model?.name ?? BICUBIC
  const engine = model?.engine.name
  return {
    result: { scale, width, height, format, quality },
    model: { name, weights: plan.model?.hash, engine, because: reasonFor(name) },
    cost: { cpuMs: Math.ceil(cost.cpuMs), memoryBytes: Math.ceil(cost.memoryBytes) },
  }

  function reasonFor(chosen: string): string {
    if (scale === 1) return 'the picture is not enlarged'
    if (want.model === chosen) return 'sr-model asks for it'
    if (chosen === BICUBIC) return 'a network would take more than maxCpuMs or maxMemoryBytes, or the operator chose it'
    if (chosen.endsWith('-jpeg'))
      return `the operator's choice for JPEGs of a quality below ${CLEAN_JPEG_QUALITY}, and this one has ${jpegQuality}`
    return "the operator's choice"
  }
}
