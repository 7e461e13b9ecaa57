// The table that a training run prints at its end.
import { publishedOf } from './published.ts'
import type { SetScore } from './score.ts'
import { alignColumns, formatGain, formatQuality } from './textTable.ts'

/** Formats one row per set, scale and input, with our scores beside the published ones. */
export function formatScores(label: string, scores: readonly SetScore[]): string {
  const headings = ['', '', '', 'bicubic', 'published', label, 'published 9-1-5, T91', 'difference']
  const rows = scores.map(({ set, scale, input, bicubic, model }) => {
    const srcnn = publishedOf('9-1-5, T91', set, scale, input)
    return [
      set,
      `x${scale}`,
      input,
      formatQuality(bicubic),
      formatQuality(publishedOf('Bicubic', set, scale, input)),
      formatQuality(model),
      formatQuality(srcnn),
      srcnn ? formatGain(model.psnr - srcnn.psnr) : '',
    ]
  })
  return alignColumns([headings, ...rows])
}
