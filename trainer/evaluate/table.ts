// Scores as text.
import type { Quality } from '../../worker/model/manifest.ts'
import { type PublishedFigures, publishedOf } from './published.ts'
import type { SetScore } from './score.ts'

/** One row a set, scale and input: ours beside the published figures; `verbose` adds one a picture. */
export function formatScores(label: string, scores: readonly SetScore[], verbose = false): string {
  const rows = [
    ['', '', '', 'bicubic', 'published', label, 'published 9-1-5, T91', 'difference'],
    ...scores.flatMap((score) => {
      const { set, scale, input, bicubic, model, pictures } = score
      const srcnn = publishedOf('9-1-5, T91', set, scale, input)
      const row = [
        set,
        `x${scale}`,
        input,
        formatQuality(bicubic),
        formatQuality(publishedOf('Bicubic', set, scale, input)),
        formatQuality(model),
        formatQuality(srcnn),
        srcnn ? formatGain(model.psnr - srcnn.psnr) : '',
      ]
      const details = pictures.map((picture) => [
        `  ${picture.picture}`,
        '',
        '',
        formatQuality(picture.bicubic),
        '',
        formatQuality(picture.model),
      ])
      return verbose ? [row, ...details] : [row]
    }),
  ]
  return alignColumns(rows)
}

/** Cells padded to columns, one line a row; rows may be shorter than the longest. */
export function alignColumns(rows: readonly (readonly string[])[]): string {
  const columns = Math.max(...rows.map((row) => row.length))
  const widths = Array.from({ length: columns }, (_, i) => Math.max(...rows.map((row) => (row[i] ?? '').length)))
  return rows
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i]))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** `32.39 / 0.9033`, the PSNR alone where there is no SSIM, a dash for nothing. */
export function formatQuality(quality: Quality | PublishedFigures | undefined): string {
  if (!quality) return '-'
  const { psnr, ssim } = quality
  return ssim === undefined ? psnr.toFixed(2) : `${psnr.toFixed(2)} / ${ssim.toFixed(4)}`
}

/** `+0.12 dB`; what rounds to nothing is `+0.00 dB`. */
export function formatGain(decibels: number): string {
  const text = Math.abs(decibels).toFixed(2)
  return `${decibels < 0 && Number(text) > 0 ? '-' : '+'}${text} dB`
}
