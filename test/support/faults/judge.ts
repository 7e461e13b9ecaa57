// What an answer in a cell of the fault matrix may be.
import { type Cell, HEALTHY } from './cell.ts'
import { HARMLESS } from './faultyOrigin.ts'

export interface CellAnswer {
  readonly code: number
  /** Undefined if the body broke off or had no end. */
  readonly body: Buffer | undefined
  readonly sr: string | undefined
  readonly ms: number
  readonly cacheControl: string | undefined
  readonly cacheStatus: string
}

/** Tells whether the body of an answer is the result of the cell's picture. */
export type IsResult = (answer: CellAnswer) => Promise<boolean>

/** Returns what is wrong with an answer when nothing fails any more, or undefined: it must be the result. */
export async function wrongWhenWell(answer: CellAnswer, isResult: IsResult): Promise<string | undefined> {
  const isDone = answer.code === 200 && answer.sr?.startsWith('done')
  return isDone && (await isResult(answer)) ? undefined : 'not the result'
}

/** Returns what is wrong with an answer while everything in `cell` fails, or undefined. `original` is the picture. */
export async function wrongWith(
  answer: CellAnswer,
  cell: Cell,
  original: Buffer,
  isResult: IsResult,
): Promise<string | undefined> {
  const { code, body, sr } = answer
  const { origin, known } = cell
  const isHealthy = origin in HEALTHY
  if (sr?.startsWith('done')) {
    const mayBeDone = isHealthy || known !== 'nothing' || HARMLESS.includes(origin)
    return mayBeDone && code === 200 && (await isResult(answer)) ? undefined : 'not its result'
  }
  if (mustServeKept(answer, cell)) return 'not what is known'
  if (isHealthy) return code === 200 && body?.equals(original) ? undefined : 'neither result nor original'
  if (sr === undefined) return isOwnError(answer) ? undefined : 'not an error of the worker'
  return isOriginsStatus(answer, origin) ? undefined : 'not the origin’s own answer'
}

/** True if a store that can be read holds a result that should have been served. */
function mustServeKept({ code }: CellAnswer, { known, faults, query }: Cell): boolean {
  const isReadable = (fault = '') => fault === '' || fault.startsWith('put')
  if (known === 'nothing' || !(isReadable(faults.edge) || isReadable(faults.r2))) return false
  return known === 'fresh' ? query === undefined : [500, 502, 503, 504].includes(code)
}

/** True for the three errors that the worker answers itself; they are never cached. */
function isOwnError({ code, cacheControl }: CellAnswer): boolean {
  return [502, 504, 508].includes(code) && cacheControl === 'no-store'
}

function isOriginsStatus({ code }: CellAnswer, origin: string): boolean {
  const [named] = /^\d{3}/.exec(origin) ?? []
  if (named !== undefined) return `${code}`.includes(named)
  return origin.startsWith('a redirect') ? /^30\d$/.test(`${code}`) : code === 200
}

/** Returns an answer in words, for messages. */
export function describeAnswer({ code, body, sr, ms, cacheStatus }: CellAnswer): string {
  return `${code}, ${body?.length} bytes, ${Math.round(ms)} ms, x-sr: ${sr}, cache-status: ${cacheStatus}`
}
