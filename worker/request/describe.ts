// Answers `sr-format=json`: describes what would be done with a picture, and why. No result is made or kept, and the
// origin is asked for every request.
import { discard } from '../base/discard.ts'
import { quoted, SAFE_HEADERS } from '../base/errors.ts'
import { type Header, readHeader, uprightSize } from '../codec/header.ts'
import { readIcc } from '../codec/icc.ts'
import { freshnessOf, isForVisitorAlone, variesByOrigin } from '../origin/freshness.ts'
import { type FetchSource, openSource, requireChangeable, type SourceReader } from '../origin/source.ts'
import { BICUBIC, CLEAN_JPEG_QUALITY, JPEG_SUFFIX } from '../picture/models.ts'
import { type Choices, type Decision, decide, type DecisionDeps } from '../picture/plan.ts'
import type { Settings } from '../options.ts'
import { orSkip, Skip, SKIP_REASONS, type SkipReason } from '../picture/skip.ts'
import type { Size, Wish } from '../picture/wish.ts'
import { inCommonFormat } from './negotiate.ts'
import { isAllowed } from './rateLimit.ts'
import type { Turns } from './turns.ts'

/** Room that a source without a stated length gets at first. */
const FIRST_BYTES = 2 ** 20

/** The JSON of the answer. Sizes are in pixels, after the EXIF orientation was applied. */
export interface Description {
  readonly outcome: 'done' | 'skipped'
  /** Why the picture would be served unchanged. */
  readonly reason?: SkipReason
  readonly because?: string
  readonly source?: {
    readonly type: string
    readonly width: number
    readonly height: number
    readonly bytes: number
    /** 1 to 100, estimated from the quantisation tables. */
    readonly jpegQuality?: number
    readonly alpha: boolean
  }
  readonly result?: {
    readonly scale: number
    readonly width: number
    readonly height: number
    readonly format: string
    /** Undefined if the format has no quality (PNG). */
    readonly quality?: number
    /** What was asked for, if the result is smaller, because it is the largest that is possible. */
    readonly asked?: Size
  }
  readonly model?: {
    readonly name: string
    readonly weights?: string
    readonly engine?: string
    readonly because: string
  }
  /** Whose scripts may read the answers (CORS). Undefined if the origin was not asked. */
  readonly crossOrigin?: {
    /** What Access-Control-Allow-Origin says. Undefined if there is no such header. */
    readonly allowed?: string
    readonly because: string
  }
  /** Upper bounds, for the machine on which the README's figures were measured. */
  readonly cost?: { readonly cpuMs: number; readonly memoryBytes: number }
}

/**
 * Answers with a Description. The format in `wish` must be negotiated already. Rejects only if the origin gave no
 * answer.
 */
export async function describe(
  request: Request,
  wish: Wish,
  choices: Choices,
  fetchSource: FetchSource,
  deps: DecisionDeps & { readonly nowMs: () => number; readonly turns: Turns; readonly visitor: string },
): Promise<Response> {
  const { settings, nowMs, turns, visitor } = deps
  const held = turns.holdSource(visitor, settings)
  let original: Response | undefined
  let reader: SourceReader | undefined
  let source: Description['source']
  let crossOrigin: Description['crossOrigin']
  try {
    if (!(await isAllowed(visitor, settings))) throw new Skip('RATE')
    original = await fetchSource({})
    crossOrigin = describeCrossOrigin(original.headers, settings)
    if (original.status !== 200) throw new Skip('ORIGIN_STATUS')
    const freshness = freshnessOf(original.headers, settings, nowMs())
    if (isForVisitorAlone(request, freshness)) throw new Skip('CREDENTIALS')
    requireChangeable(original.headers, freshness)
    reader = openSource(original, settings, request.signal)
    const expected = reader.statedBytes ?? FIRST_BYTES
    if (!held.tryHold(expected)) throw new Skip('BUSY')
    await reader.readAll(expected, held.tryHold)
    const bytes = reader.bytes()
    const header = readHeader(bytes)
    source = describeSource(header, bytes.length)
    const asked = inCommonFormat(wish, header, original.headers)
    const decision = await decide({ header, bytes: bytes.length }, asked, choices, deps)
    await orSkip('DECODE', readIcc(header, bytes.length)) // refuses a profile that is too large
    return jsonResponse({ outcome: 'done', source, ...describeResult(decision, header, wish), crossOrigin })
  } catch (error) {
    if (reader) reader.cancel()
    else discard(original?.body)
    if (!(error instanceof Skip)) throw error
    const { reason } = error
    return jsonResponse({ outcome: 'skipped', reason, because: SKIP_REASONS[reason], source, crossOrigin })
  } finally {
    held.release()
  }
}

function jsonResponse(description: Description): Response {
  const headers = { 'cache-control': 'no-store', ...SAFE_HEADERS }
  return Response.json(description, { headers })
}

/**
 * Says whose scripts may read the answers, and why. Some origins, such as S3, allow this only in answers to requests with
 * `Origin`. Our request has none, because its answer is for everybody.
 */
function describeCrossOrigin(headers: Headers, { allowOrigin }: Settings): NonNullable<Description['crossOrigin']> {
  if (allowOrigin !== undefined) return { allowed: allowOrigin, because: 'the option allowOrigin says so' }
  const sent = headers.get('access-control-allow-origin')
  if (sent === '*') return { allowed: sent, because: 'the origin says so' }
  const because =
    sent !== null
      ? `the origin allows only ${quoted(sent)}, which may be meant for one visitor`
      : variesByOrigin(headers)
        ? 'the origin decides by the Origin of a request (Vary: Origin), and the request for the picture has none'
        : 'the origin does not allow it in its answer to a request without Origin'
  return { because: `${because}: ${REMEDY}` }
}

const REMEDY =
  'if scripts of other sites, or <img crossorigin>, should read the answers, set allowOrigin (SR_ALLOW_ORIGIN)'

function describeSource(header: Header, bytes: number): Description['source'] {
  if (header.type === 'unknown') return undefined
  const { type, jpegQuality, alpha } = header
  return { type, ...uprightSize(header), bytes, jpegQuality, alpha }
}

function describeResult(
  { plan, model, cost }: Decision,
  { jpegQuality }: Header,
  wish: Wish,
): Pick<Description, 'result' | 'model' | 'cost'> {
  const { scale, width, height, format } = plan
  const quality = format === 'png' ? undefined : plan.quality
  const name = plan.model?.name ?? BICUBIC
  const engine = model?.engine.name
  return {
    result: { scale, width, height, format, quality, asked: plan.asked },
    model: { name, weights: plan.model?.hash, engine, because: reasonFor(name) },
    cost: { cpuMs: Math.ceil(cost.cpuMs), memoryBytes: Math.ceil(cost.memoryBytes) },
  }

  function reasonFor(chosen: string): string {
    if (scale === 1) return 'the picture is not enlarged'
    if (wish.model === chosen) return 'sr-model asks for it'
    if (chosen === BICUBIC) return 'a network would take more than maxCpuMs or maxMemoryBytes, or the operator chose it'
    if (chosen.endsWith(JPEG_SUFFIX)) {
      return `the operator's choice for JPEGs of a quality below ${CLEAN_JPEG_QUALITY}, and this one has ${jpegQuality}`
    }
    return "the operator's choice"
  }
}
