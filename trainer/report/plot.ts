// Plots PSNR against seconds per picture, as the paper's figure does, with one panel per set, scale and input. A dot is
// a method measured here. A ring is a published result with the time on its authors' machine.
import type { MethodResult } from '../evaluate/compareMethods.ts'
import { isSameTask } from '../evaluate/formatResults.ts'
import { PUBLISHED_METHODS, publishedOf } from '../evaluate/published.ts'
import { type Axis, createAxis } from './axis.ts'
import { markup, type Markup } from './markup.ts'

const PANEL = { width: 420, height: 300 }
/** Margins around the axes in pixels. */
const MARGIN = { top: 36, right: 16, bottom: 48, left: 52 }
const COLUMNS = 3
const FONT = 11
/** Approximate width of a character in pixels. */
const LETTER = 6.2
const LINE = 14
/** Tolerance in pixels, so that labels exactly one line apart do not count as overlapping. */
const ROUNDING = 1e-6
/** Radius of a dot in pixels. */
const RADIUS = 4.5
/** Distance in pixels from the centre of a dot to its label. */
const GAP = 8
/**
 * Margin between the outermost dots and the ends of the axes. On the logarithmic axis of seconds it is a factor, on the
 * axis of PSNR a number of dB.
 */
const ROOM = { seconds: 1.6, psnr: 0.5 }
const COLOURS = ['#1f5fa8', '#c1440e', '#2e7d32', '#7b3fa0', '#a06a00', '#007f86', '#a8205a', '#555555']
const PUBLISHED_COLOUR = '#888888'
const GRID_COLOUR = '#e4e4e4'
const TEXT_COLOUR = '#555555'

interface Point {
  readonly label: string
  readonly seconds: number
  /** PSNR in dB. */
  readonly psnr: number
  readonly colour: string
  readonly isPublished: boolean
}

/** Draws a complete SVG document. */
export function plotResults(results: readonly MethodResult[]): string {
  const methods = [...new Set(results.map(({ method }) => method))]
  const tasks = results.filter((result, i) => results.findIndex((other) => isSameTask(other, result)) === i)
  const panels = tasks.map((task, i) => {
    const x = (i % COLUMNS) * PANEL.width
    const y = Math.floor(i / COLUMNS) * PANEL.height
    const title = `${task.set} x${task.scale}, ${task.input}`
    return markup`<g transform="translate(${x} ${y})">${drawPanel(title, pointsOf(task, results, methods))}</g>\n`
  })
  const width = PANEL.width * Math.min(COLUMNS, tasks.length)
  const height = PANEL.height * Math.ceil(tasks.length / COLUMNS)
  const size = markup`viewBox="0 0 ${width} ${height}" width="${width}" height="${height}"`
  return markup`<svg xmlns="http://www.w3.org/2000/svg" ${size} font-family="system-ui, sans-serif" font-size="${FONT}">
<title>PSNR against seconds a picture</title>
<rect width="${width}" height="${height}" fill="#ffffff"/>
${panels}</svg>
`.html
}

/** Returns the dots of a panel. Leaves out the infinite PSNR of equal pictures, because the axis cannot show it. */
function pointsOf(task: MethodResult, results: readonly MethodResult[], methods: readonly string[]): Point[] {
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
    return [{ label: `${method} (published)`, seconds, psnr, colour: PUBLISHED_COLOUR, isPublished: true }]
  })
  return [...ours, ...published].filter(({ psnr }) => Number.isFinite(psnr))
}

function drawPanel(title: string, points: readonly Point[]): Markup {
  const right = PANEL.width - MARGIN.right
  const bottom = PANEL.height - MARGIN.bottom
  const heading = markup`<text x="${MARGIN.left}" y="22" font-size="13" font-weight="600">${title}</text>`
  if (points.length === 0) return heading
  const { seconds, psnr } = ROOM
  const x = createAxis(
    points.flatMap((point) => [point.seconds / seconds, point.seconds * seconds]),
    true,
  )
  const y = createAxis(points.flatMap((point) => [point.psnr - psnr, point.psnr + psnr]))
  const across = (value: number) => round(MARGIN.left + x.at(value) * (right - MARGIN.left))
  const down = (value: number) => round(bottom - y.at(value) * (bottom - MARGIN.top))
  const dots = points.map((point) => ({ point, x: across(point.seconds), y: down(point.psnr) }))
  return markup`${heading}
${drawGrid(x, y, across, down)}
${placeLabels(dots, right).map(drawDot)}`
}

function drawGrid(x: Axis, y: Axis, across: (value: number) => number, down: (value: number) => number): Markup {
  const right = PANEL.width - MARGIN.right
  const bottom = PANEL.height - MARGIN.bottom
  const columns = x.ticks.map(({ value, text }) => {
    const at = across(value)
    return markup`<path d="M${at} ${MARGIN.top}V${bottom}" stroke="${GRID_COLOUR}"/>
<text x="${at}" y="${bottom + LINE}" text-anchor="middle" fill="${TEXT_COLOUR}">${text}</text>`
  })
  const rows = y.ticks.map(({ value, text }) => {
    const at = down(value)
    return markup`<path d="M${MARGIN.left} ${at}H${right}" stroke="${GRID_COLOUR}"/>
<text x="${MARGIN.left - 6}" y="${at + 4}" text-anchor="end" fill="${TEXT_COLOUR}">${text}</text>`
  })
  const [middleX, middleY] = [(MARGIN.left + right) / 2, (MARGIN.top + bottom) / 2]
  const label = markup`text-anchor="middle" fill="${TEXT_COLOUR}"`
  return markup`${columns}${rows}
<text x="${middleX}" y="${bottom + 2 * LINE + 4}" ${label}>seconds a picture</text>
<text transform="translate(14 ${middleY}) rotate(-90)" ${label}>PSNR (dB)</text>`
}

function drawDot({ point, x, y, labelX, labelY }: Labelled): Markup {
  const { label, seconds, psnr, colour, isPublished } = point
  const fill = isPublished ? '#ffffff' : colour
  const tooltip = `${label}: ${psnr.toFixed(2)} dB, ${Number(seconds.toPrecision(2))} s`
  return markup`<circle cx="${x}" cy="${y}" r="${RADIUS}" fill="${fill}" stroke="${colour}" stroke-width="1.5">
<title>${tooltip}</title></circle>
<text x="${labelX}" y="${labelY + 4}" fill="${colour}">${label}</text>
`
}

interface Placed {
  readonly point: Point
  readonly x: number
  readonly y: number
}

interface Labelled extends Placed {
  readonly labelX: number
  readonly labelY: number
}

/**
 * Puts each label at the nearest free position: right or left of its dot, or some lines below or above. A position is
 * free if the label overlaps no dot and no other label there.
 */
function placeLabels(dots: readonly Placed[], right: number): Labelled[] {
  const taken = dots.map(({ x, y }) => ({ from: x - RADIUS, to: x + RADIUS, y }))
  const lines = Array.from({ length: 2 * dots.length }, (_, i) => (i % 2 ? (i + 1) / 2 : -i / 2) * LINE)
  return dots
    .toSorted((a, b) => a.y - b.y)
    .map(({ point, x, y }) => {
      const length = point.label.length * LETTER
      const sides = [x + GAP, x - GAP - length].filter((from) => from > MARGIN.left && from + length < right)
      const places = lines.flatMap((line) => sides.map((from) => ({ from, to: from + length, y: y + line })))
      const isFree = (place: (typeof places)[number]) =>
        taken.every(
          (other) => place.from >= other.to || other.from >= place.to || Math.abs(place.y - other.y) >= LINE - ROUNDING,
        )
      const place = places.find(isFree) ?? { from: x + GAP, to: x + GAP + length, y }
      taken.push(place)
      return { point, x, y, labelX: round(place.from), labelY: round(place.y) }
    })
}

function round(pixels: number): number {
  return Number(pixels.toFixed(1))
}
