// A cell of the fault matrix: what an origin does, what is known of its picture, and what fails inside the worker.
import type { Faults } from '../faultyWorker/faults.ts'
import { type Fault, slow, well } from './faultyOrigin.ts'
import type { CellFormat } from './cellPictures.ts'

/** What the worker knows of a picture before the request. */
export const KNOWN = ['nothing', 'fresh', 'stale'] as const

/** When a visitor leaves: the request is sent, the origin is asked, the network computes, the first bytes have come. */
export const LEAVING = ['at once', 'before the origin answers', 'at work', 'in the body'] as const

export interface Cell {
  /** A name in ORIGIN_FAULTS or HEALTHY. */
  readonly origin: string
  readonly known: (typeof KNOWN)[number]
  readonly faults: Faults
  /** Default: the visitor stays. */
  readonly leaves?: (typeof LEAVING)[number]
  /** Default: JPEG. */
  readonly format?: CellFormat
  /** Default: `sr=2`. */
  readonly query?: string
  /** Default: the time of an origin that is asked twice, and a margin. */
  readonly deadlineMs?: number
  /** Repairs what is broken outside of the request, such as files in a bucket. */
  readonly heal?: () => Promise<void>
}

/** Origins that serve a picture: `changed` another one than before, `late` at the last moment of the default timeouts. */
export const HEALTHY: Readonly<Record<string, Fault>> = {
  well: well(60),
  changed: well(60),
  slow: slow(150, 300),
  late: slow(9500, 28_500),
}

/** Returns the cell in words, for messages. */
export function cellTitle({ origin, known, faults, leaves, format, query }: Cell): string {
  const failing = Object.entries(faults).map(([where, what]) => `${where}: ${what}`)
  const parts = [`origin: ${origin}`, `known: ${known}`, ...failing, leaves && `leaves: ${leaves}`, format, query]
  return parts.filter((part) => part !== undefined).join(', ')
}
