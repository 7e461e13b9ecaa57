// Results as text: a table for people, CSV and JSON for programs.
import { PUBLISHED_METHODS, publishedOf } from './published.ts'
import { alignColumns, formatGain, formatQuality } from './textTable.ts'
import type { MethodResult } from './compareMethods.ts'

const HEADINGS = ['', '', '', '', 'PSNR / SSIM', 'over bicubic', 's/picture', 'published', 'ours - published']

/** One row a set, scale, input and method; `verbose` adds one a picture. Below it what was published of others. */
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

/** A row for each set, scale and input that something was published about. */
function literatureRows(results: readonly MethodResult[]): string[][] {
  const tasks = results.filter((result, i) => results.findIndex((other) => isSameTask(other, result)) === i)
  return tasks.flatMap(({ set, scale, input }) => {
    const cells = PUBLISHED_METHODS.map((method) => publishedOf(method, set, scale, input))
    if (cells.every((cell) => cell === undefined)) return []
    return [[set, `x${scale}`, input, ...cells.map((cell) => cell?.psnr.toFixed(2) ?? '-')]]
  })
}

export function isSameTask(a: MethodResult, b: MethodResult): boolean {
  return a.set === b.set && a.scale === b.scale && a.input === b.input
}

/** Seconds to two digits, never in powers of ten. */
function formatDuration(seconds: number): string {
  return seconds >= 10 ? seconds.toFixed(0) : seconds.toFixed(seconds >= 1 ? 1 : seconds >= 0.1 ? 2 : 3)
}

/**
 * RFC 4180: a heading, then a line for each mean, where `picture` is empty, each followed by one a
 * picture.
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
  const text = String(value)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** `runtime` and `results`; the PSNR of equal pictures, which is infinite, is null. */
export function formatJson(results: readonly MethodResult[], runtime: string): string {
  return JSON.stringify({ runtime, results }, null, 2)
}
