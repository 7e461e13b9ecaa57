// The paper's figure: PSNR against seconds a picture, a panel for each set, scale and input. A dot is a
// method measured here, a ring one with a published time, taken on its authors' machine.
import { PUBLISHED_METHODS, publishedOf } from '../published.ts'
import { isSameTask } from './format.ts'
import type { Result } from './result.ts'

const PANEL = { width: 420, height: 300 }
/** Around the axes, in pixels. */
const MARGIN = { top: 36, right: 16, bottom: 48, left: 52 }
const COLUMNS = 3
const FONT = 11
/** Of a character of that font, about. */
const LETTER = 6.2
const LINE = 14
const COLOURS = ['#1f5fa8', '#c1440e', '#2e7d32', '#7b3fa0', '#a06a00', '#007f86', '#a8205a', '#555555'] // prettier-ignore
const PUBLISHED_COLOUR = '#888888'

interface Point {
  readonly label: string
  readonly seconds: number
  /** dB */
  readonly psnr: number
  readonly colour: string
  readonly isPublished: boolean
}

/** A whole SVG document. */
export function plotResults(results: readonly Result[]): string {
  const methods = [...new Set(results.map(({ method }) => method))]
  const tasks = results.filter((result, i) => results.findIndex((other) => isSameTask(other, result)) === i) // prettier-ignore
  const panels = tasks.map((task, i) => {
    const x = (i % COLUMNS) * PANEL.width
    const y = Math.floor(i / COLUMNS) * PANEL.height
    const title = `${task.set} x${task.scale}, ${task.input}`
    return `<g transform="translate(${x} ${y})">${drawPanel(title, pointsOf(task, results, methods))}</g>` // prettier-ignore
  })
  const width = PANEL.width * Math.min(COLUMNS, tasks.length)
  const height = PANEL.height * Math.ceil(tasks.length / COLUMNS)
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="system-ui, sans-serif" font-size="${FONT}">`,
    '<title>PSNR against seconds a picture</title>',
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    ...panels,
    '</svg>\n',
  ].join('\n')
}

/** What has a place on the axes: not the infinite PSNR of equal pictures. */
function pointsOf(task: Result, results: readonly Result[], methods: readonly string[]): Point[] {
  const ours = results
    .filter((result) => isSameTask(result, task))
    .map(({ method, psnr, seconds }) => ({
      label: method.split('/').at(-1)!,
      seconds,
      psnr,
      colour: COLOURS[methods.indexOf(method) % COLOURS.length],
      isPublished: false,
    }))
  const published = PUBLISHED_METHODS.flatMap((method): Point[] => {
    const { psnr, seconds } = publishedOf(method, task.set, task.scale, task.input) ?? {}
    if (psnr === undefined || seconds === undefined) return []
    return [{ label: `${method} (published)`, seconds, psnr, colour: PUBLISHED_COLOUR, isPublished: true }] // prettier-ignore
  })
  return [...ours, ...published].filter(({ psnr }) => Number.isFinite(psnr))
}

function drawPanel(title: string, points: readonly Point[]): string {
  const { width, height } = PANEL
  const right = width - MARGIN.right
  const bottom = height - MARGIN.bottom
  const heading = `<text x="${MARGIN.left}" y="22" font-size="13" font-weight="600">${escape(title)}</text>` // prettier-ignore
  if (points.length === 0) return heading
  const logs = points.map(({ seconds }) => Math.log10(seconds))
  // Whole powers of ten, and half a dB above and below.
  const [first, last] = [Math.floor(Math.min(...logs)), Math.max(Math.ceil(Math.max(...logs)), Math.floor(Math.min(...logs)) + 1)] // prettier-ignore
  const psnrs = points.map(({ psnr }) => psnr)
  const [low, high] = [Math.floor(2 * Math.min(...psnrs) - 0.5) / 2, Math.ceil(2 * Math.max(...psnrs) + 0.5) / 2] // prettier-ignore
  const xOf = (seconds: number) => MARGIN.left + ((Math.log10(seconds) - first) / (last - first)) * (right - MARGIN.left) // prettier-ignore
  const yOf = (psnr: number) => bottom - ((psnr - low) / (high - low)) * (bottom - MARGIN.top)

  const xTicks = Array.from({ length: last - first + 1 }, (_, i) => 10 ** (first + i))
  const step = high - low > 4 ? 1 : 0.5
  const lowest = Math.ceil(low / step) * step
  const yTicks = Array.from({ length: Math.floor((high - lowest) / step) + 1 }, (_, i) => lowest + i * step) // prettier-ignore
  const grid = [
    ...xTicks.map((s) => `<path d="M${fixed(xOf(s))} ${MARGIN.top}V${bottom}" stroke="#e4e4e4"/><text x="${fixed(xOf(s))}" y="${bottom + LINE}" text-anchor="middle" fill="#555555">${Number(s.toPrecision(1))}</text>`), // prettier-ignore
    ...yTicks.map((v) => `<path d="M${MARGIN.left} ${fixed(yOf(v))}H${right}" stroke="#e4e4e4"/><text x="${MARGIN.left - 6}" y="${fixed(yOf(v) + 4)}" text-anchor="end" fill="#555555">${v.toFixed(1)}</text>`), // prettier-ignore
    `<text x="${(MARGIN.left + right) / 2}" y="${bottom + 2 * LINE + 4}" text-anchor="middle" fill="#555555">seconds a picture</text>`,
    `<text transform="translate(14 ${(MARGIN.top + bottom) / 2}) rotate(-90)" text-anchor="middle" fill="#555555">PSNR (dB)</text>`,
  ]
  const placed = placeLabels(points.map((point) => ({ point, x: xOf(point.seconds), y: yOf(point.psnr) })), right) // prettier-ignore
  const dots = placed.map(({ point, x, y, labelX, labelY }) => {
    const { label, seconds, psnr, colour, isPublished } = point
    const fill = isPublished ? '#ffffff' : colour
    return (
      `<circle cx="${fixed(x)}" cy="${fixed(y)}" r="4.5" fill="${fill}" stroke="${colour}" stroke-width="1.5">` +
      `<title>${escape(label)}: ${psnr.toFixed(2)} dB, ${Number(seconds.toPrecision(2))} s</title></circle>` +
      `<text x="${fixed(labelX)}" y="${fixed(labelY + 4)}" fill="${colour}">${escape(label)}</text>`
    )
  })
  return [heading, ...grid, ...dots].join('\n')
}

interface Placed {
  readonly point: Point
  readonly x: number
  readonly y: number
}

/** Right of the dot, or left of it where the panel ends; moved down until it covers no label above. */
function placeLabels(dots: readonly Placed[], right: number) {
  const taken: { from: number; to: number; y: number }[] = []
  return dots
    .toSorted((a, b) => a.y - b.y)
    .map(({ point, x, y }) => {
      const length = point.label.length * LETTER
      const from = x + 8 + length > right ? x - 8 - length : x + 8
      const to = from + length
      let labelY = y
      for (const other of taken) {
        const isBeside = other.to < from || to < other.from
        if (!isBeside && Math.abs(labelY - other.y) < LINE) labelY = other.y + LINE
      }
      taken.push({ from, to, y: labelY })
      return { point, x, y, labelX: from, labelY }
    })
}

function fixed(value: number): string {
  return value.toFixed(1)
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
