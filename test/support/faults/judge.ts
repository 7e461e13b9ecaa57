// Decides which answers are right in a cell of the fault matrix.
import { type Cell, HEALTHY } from './cell.ts'
import { HARMLESS } from './faultyOrigin.ts'

export interface CellAnswer {
  readonly code: number
  /** Undefined if the body broke off or did not end. */
  readonly body: Buffer | undefined
  /** The value of Content-Length. */
  readonly length: number | undefined
  readonly sr: string | undefined
  readonly ms: number
  readonly cacheControl: string | undefined
  readonly cacheStatus: string
}

/** Resolves to true if the body of an answer is the enlarged picture of the cell. */
export type IsResult = (answer: CellAnswer) => Promise<boolean>

/**
 * Judges an answer that was given after all faults ended. Only the enlarged picture is right. Returns what is wrong
 * with the answer, or undefined if it is right.
 */
export async function wrongWhenWell(answer: CellAnswer, isResult: IsResult): Promise<string | undefined> {
  const isDone = answer.code === 200 && answer.sr?.startsWith('done')
  return isDone && (await isResult(answer)) ? undefined : 'not the result'
}

/**
 * Judges an answer that was given during the faults of `cell`. `original` is the file at the origin. Returns what is
 * wrong with the answer, or undefined if it is right.
 */
export async function wrongWith(
  answer: CellAnswer,
  cell: Cell,
  original: Buffer,
  isResult: IsResult,
): Promise<string | undefined> {
  const { code, body, sr } = answer
  const { origin, known } = cell
  const isHealthy = origin in HEALTHY
  if (isCutHit(answer, cell)) return undefined
  if (sr?.startsWith('done')) {
    const mayBeDone = isHealthy || known !== 'nothing' || HARMLESS.includes(origin)
    return mayBeDone && code === 200 && (await isResult(answer)) ? undefined : 'not the result of its picture'
  }
  if (mustServeKept(answer, cell)) return 'not the kept result'
  if (isHealthy) return code === 200 && body?.equals(original) ? undefined : 'neither result nor original'
  if (sr === undefined) return isOwnError(answer) ? undefined : 'not an error of the worker'
  return isOriginsStatus(answer, origin) ? undefined : 'not the origin’s own answer'
}

/**
 * True if the body of a hit ended early, as the edge cache's did. A hit is passed on unread, and the visitor sees by its
 * Content-Length that it is incomplete.
 */
function isCutHit({ code, body, length, cacheStatus }: CellAnswer, { known, faults }: Cell): boolean {
  const isHalting = faults.edge === 'body breaks off' || faults.edge === 'body hangs'
  const isCut = body === undefined || (length !== undefined && body.length < length)
  return isHalting && known === 'fresh' && code === 200 && isCut && cacheStatus.endsWith('detail=edge')
}

/** True if a readable store holds a result that the worker should have served instead of this answer. */
function mustServeKept({ code }: CellAnswer, { known, faults, query }: Cell): boolean {
  const isReadable = (fault = '') => fault === '' || fault.startsWith('put')
  if (known === 'nothing' || !(isReadable(faults.edge) || isReadable(faults.r2))) return false
  return known === 'fresh' ? query === undefined : [500, 502, 503, 504].includes(code)
}

/** True if the answer is an error of the worker itself, which must not be cached: 502, 504 or 508. */
function isOwnError({ code, cacheControl }: CellAnswer): boolean {
  return [502, 504, 508].includes(code) && cacheControl === 'no-store'
}

function isOriginsStatus({ code }: CellAnswer, origin: string): boolean {
  const [named] = /^\d{3}/.exec(origin) ?? []
  if (named !== undefined) return `${code}`.includes(named)
  return origin.startsWith('a redirect') ? /^30\d$/.test(`${code}`) : code === 200
}

/** Returns a description of an answer for messages. */
export function describeAnswer({ code, body, sr, ms, cacheStatus }: CellAnswer): string {
  return `${code}, ${body?.length} bytes, ${Math.round(ms)} ms, x-sr: ${sr}, cache-status: ${cacheStatus}`
}
