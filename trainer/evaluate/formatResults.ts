// Results of compareMethods as text: a table for people, CSV and JSON for programs.
import { shown } from '../../worker/terminal/print.ts'
import type { MethodResult } from './compareMethods.ts'
import { PUBLISHED_METHODS, publishedOf } from './published.ts'
import { alignColumns, formatGain, formatQuality } from './textTable.ts'

const HEADINGS = ['', '', '', '', 'PSNR / SSIM', 'over bicubic', 's/picture', 'published', 'ours - published']

/**
 * Formats one row per set, scale, input and method. With `verbose`, adds one row per picture. A second table holds
 * published figures.
 */
export function formatTable(results: readonly MethodResult[], verbose = false): string {
  const rows = results.flatMap((result) => {
    const { set, scale, input, method, psnr, seconds, published, pictures } = result
    const bicubic = results.find((other) => isSameTask(other, result) && other.method === 'bicubic')
    const isBicubic = bicubic === result
    const row = [
      set,
      `x${scale}`,
      input,
      method,
      formatQuality(result),
      bicubic && !isBicubic ? formatGain(psnr - bicubic.psnr) : '',
      formatDuration(seconds),
      published ? `${published.method}: ${formatQuality(published)}` : '',
      published ? formatGain(psnr - published.psnr) : '',
    ]
    const details = pictures.map((picture, i) => [
      `  ${picture.picture}`,
      '',
      '',
      '',
      formatQuality(picture),
      bicubic && !isBicubic ? formatGain(picture.psnr - bicubic.pictures[i].psnr) : '',
      formatDuration(picture.seconds),
    ])
    return verbose ? [row, ...details] : [row]
  })
  const table = alignColumns([HEADINGS, ...rows])
  const literature = literatureRows(results)
  return literature.length === 0
    ? table
    : `${table}\n\n${alignColumns([['published PSNR', '', '', ...PUBLISHED_METHODS], ...literature])}`
}

/** Returns a row of published PSNRs for each combination of set, scale and input that has any. */
function literatureRows(results: readonly MethodResult[]): string[][] {
  const tasks = results.filter((result, i) => results.findIndex((other) => isSameTask(other, result)) === i)
  return tasks.flatMap(({ set, scale, input }) => {
    const cells = PUBLISHED_METHODS.map((method) => publishedOf(method, set, scale, input))
    if (cells.every((cell) => cell === undefined)) return []
    return [[set, `x${scale}`, input, ...cells.map((cell) => cell?.psnr.toFixed(2) ?? '-')]]
  })
}

/** Returns whether two results are of the same set, scale and input. */
export function isSameTask(a: MethodResult, b: MethodResult): boolean {
  return a.set === b.set && a.scale === b.scale && a.input === b.input
}

/** Formats seconds with about two significant digits, never in exponential notation. */
function formatDuration(seconds: number): string {
  return seconds >= 10 ? seconds.toFixed(0) : seconds.toFixed(seconds >= 1 ? 1 : seconds >= 0.1 ? 2 : 3)
}

/**
 * Formats CSV (RFC 4180): headings, then for each result one line with its means and one line per picture. In the line
 * of the means, the column `picture` is empty.
 */
export function formatCsv(results: readonly MethodResult[]): string {
  const lines = results.flatMap(({ set, scale, input, method, images, psnr, ssim, seconds, pictures }) => [
    [set, scale, input, method, '', images, psnr, ssim, seconds],
    ...pictures.map((p) => [set, scale, input, method, p.picture, 1, p.psnr, p.ssim, p.seconds]),
  ])
  const headings = ['set', 'scale', 'input', 'method', 'picture', 'images', 'psnr', 'ssim', 'seconds']
  return [headings, ...lines].map((line) => line.map(cellOf).join(',')).join('\r\n')
}

function cellOf(value: string | number): string {
  const text = shown(String(value)) // a name can contain a new line
  return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** Formats JSON with `runtime` and `results`. The PSNR of equal pictures is infinite, which JSON writes as null. */
export function formatJson(results: readonly MethodResult[], runtime: string): string {
  return JSON.stringify({ runtime, results }, null, 2)
}
