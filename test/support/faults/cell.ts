// A cell of the fault matrix combines what an origin does, what the worker already knows of the picture, and what fails
// inside the worker.
import type { Faults } from '../faultyWorker/faults.ts'
import { type Fault, slow, well } from './faultyOrigin.ts'
import type { CellFormat } from './cellPictures.ts'

/** What the worker knows of a picture before the request: no result, a fresh one or a stale one. */
export const KNOWN = ['nothing', 'fresh', 'stale'] as const

/**
 * The moments at which a visitor can disconnect: after the request is sent, after the origin is asked, while the
 * network computes, or after the first bytes of the body.
 */
export const LEAVING = ['at once', 'before the origin answers', 'at work', 'in the body'] as const

export interface Cell {
  /** What the origin does: a key of ORIGIN_FAULTS or HEALTHY. */
  readonly origin: string
  readonly known: (typeof KNOWN)[number]
  readonly faults: Faults
  /** When the visitor disconnects. Default: never. */
  readonly leaves?: (typeof LEAVING)[number]
  /** Format of the picture. Default: JPEG. */
  readonly format?: CellFormat
  /** Query of the request. Default: `sr=2`. */
  readonly query?: string
  /**
   * Longest time in ms that the answer may take. Default: the timeouts of an origin plus a margin. If the visitor
   * stays, the timeouts count twice, because the worker may ask the origin twice.
   */
  readonly deadlineMs?: number
  /** Repairs damage that stays after the request, such as a damaged file in a bucket. */
  readonly heal?: () => Promise<void>
}

/**
 * Origins that serve a picture. `changed` serves a different picture from the one that the worker knows, and `late`
 * answers just within the default timeouts.
 */
export const HEALTHY: Readonly<Record<string, Fault>> = {
  well: well(60),
  changed: well(60),
  slow: slow(150, 300),
  late: slow(9500, 28_500),
}

/** Returns a description of the cell for messages. */
export function cellTitle({ origin, known, faults, leaves, format, query }: Cell): string {
  const failing = Object.entries(faults).map(([where, what]) => `${where}: ${what}`)
  const parts = [`origin: ${origin}`, `known: ${known}`, ...failing, leaves && `leaves: ${leaves}`, format, query]
  return parts.filter((part) => part !== undefined).join(', ')
}
