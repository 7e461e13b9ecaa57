// Checks new weights before they replace the current ones. Refuses those that are known to score worse than the current
// ones or bicubic on the validation pictures.
import type { Manifest, ModelEntry } from '../../worker/model/manifest.ts'
import { titleOf } from './readCandidates.ts'

interface Comparison {
  /** Reasons to refuse the candidates. */
  readonly losses: readonly string[]
  /** Messages for the log about comparisons that were not possible. */
  readonly notes: readonly string[]
}

/**
 * Compares candidates with bicubic and with the current models of the same name and scale. A candidate
 * without comparable figures adds a note, not a loss.
 */
function compare(candidates: readonly ModelEntry[], current: Manifest): Comparison {
  const losses: string[] = []
  const notes: string[] = []
  for (const candidate of candidates) {
    const { validation } = candidate
    const title = titleOf(candidate)
    const rival = current.models.find((model) => titleOf(model) === title)
    if (rival?.sha256 === candidate.sha256) continue
    if (validation === undefined) {
      const others = rival === undefined ? 'bicubic' : 'bicubic and the current weights'
      notes.push(`${title} has no validation figures: not compared with ${others}`)
      continue
    }
    const { psnr, bicubic } = validation
    if (psnr < bicubic) losses.push(`${title} loses to bicubic, ${difference(psnr, bicubic)}`)
    if (rival === undefined) continue
    if (!isComparable(candidate, rival)) {
      notes.push(`${title} is not compared with the current weights, which ${describe(rival)}`)
    } else if (psnr < rival.validation!.psnr) {
      losses.push(`${title} loses to the current weights, ${difference(psnr, rival.validation!.psnr)}`)
    }
  }
  return { losses, notes }
}

/** Returns notes for the log. If a candidate scores worse, throws, or with `force` adds a note instead. */
export function requireNoLoss(candidates: readonly ModelEntry[], current: Manifest, force: boolean): readonly string[] {
  const { losses, notes } = compare(candidates, current)
  if (losses.length > 0 && !force) {
    throw new Error(`refused without --force: ${losses.join('; ')}`)
  }
  return [...losses, ...notes]
}

function isComparable({ validation: a }: ModelEntry, { validation: b }: ModelEntry): boolean {
  return a?.data === b?.data && a?.images === b?.images && a?.input === b?.input
}

function describe({ validation }: ModelEntry): string {
  if (validation === undefined) return 'have no validation figures'
  const { images, data, input } = validation
  return `were validated on other pictures (${images} of ${data}, ${input})`
}

function difference(psnr: number, other: number): string {
  return `${psnr.toFixed(3)} dB against ${other.toFixed(3)}`
}
