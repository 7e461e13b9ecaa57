// Formats text tables and the figures in them.
import type { Quality } from '../../worker/model/manifest.ts'
import { shown } from '../../worker/terminal/print.ts'
import type { PublishedFigures } from './published.ts'

/**
 * Pads cells to columns, one line per row, with control characters as escape sequences. Rows may have fewer cells than the
 * longest row.
 */
export function alignColumns(table: readonly (readonly string[])[]): string {
  const rows = table.map((row) => row.map(shown))
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

/** Returns for example `32.39 / 0.9033` (PSNR / SSIM), only the PSNR if there is no SSIM, and `-` for undefined. */
export function formatQuality(quality: Quality | PublishedFigures | undefined): string {
  if (!quality) return '-'
  const { psnr, ssim } = quality
  return ssim === undefined ? psnr.toFixed(2) : `${psnr.toFixed(2)} / ${ssim.toFixed(4)}`
}

/** Returns for example `+0.12 dB`. A difference that rounds to zero is `+0.00 dB`. */
export function formatGain(decibels: number): string {
  const text = Math.abs(decibels).toFixed(2)
  return `${decibels < 0 && Number(text) > 0 ? '-' : '+'}${text} dB`
}
