// Line charts as inline SVG. Colours come from the page's style sheet, so the same chart works in light and dark mode.
// The SVG shrinks on a phone, text included, so the font size is larger there.
import { type Axis, createAxis } from './axis.ts'
import { type MarkupContent, markup, type Markup } from './markup.ts'

/** Points sorted by x. */
export type ChartPoints = readonly (readonly [x: number, y: number])[]

export interface ChartLine {
  readonly name: string
  readonly points: ChartPoints
}

/** A value to compare the curve with, drawn as a horizontal line. */
export interface ChartLevel {
  readonly name: string
  readonly value: number
}

export interface Chart {
  readonly title: string
  /** Label of the x axis, which is logarithmic. */
  readonly xLabel: string
  /** True if the y axis is logarithmic as well. Default false. */
  readonly isLog?: boolean
  readonly line: ChartLine
  readonly levels?: readonly ChartLevel[]
  /**
   * Lower end of the y axis. Points below it are clipped, so that a low start does not flatten the rest of the line.
   */
  readonly least?: number
  /** Formats a value for the legend. */
  format(value: number): string
}

const WIDTH = 480
const HEIGHT = 300
const PLOT = { left: 58, top: 14, width: 404, height: 234 }

/** CSS of the charts. The page defines `--ink`, `--quiet`, `--line` and `--accent`. */
export const CHART_STYLE = `
.chart svg { display: block; width: 100%; height: auto; }
.chart text { fill: var(--quiet); font-size: 12px; }
.chart .grid { stroke: var(--line); }
.chart .curve { fill: none; stroke: var(--accent); stroke-width: 2.5; stroke-linejoin: round; }
.chart .last { fill: var(--accent); }
.chart .level { fill: none; stroke: var(--ink); stroke-width: 1.5; }
.chart .level-1 { stroke-dasharray: 8 5; }
.chart .level-2 { stroke-dasharray: 2 4; }
.chart .level-3 { stroke-dasharray: 12 4 2 4; }
.chart ul { display: flex; flex-wrap: wrap; gap: 2px 20px; margin: 4px 0 0; padding: 0; list-style: none; }
.chart li { display: flex; gap: 8px; align-items: center; }
.chart li svg { flex: none; width: 32px; }
@media (max-width: 560px) { .chart text { font-size: 16px; } }
`

/**
 * Draws a figure with a legend. The line needs at least one point. All x must be positive. If `isLog`, all y must be,
 * too.
 */
export function drawChart(chart: Chart): Markup {
  const { title, xLabel, isLog, line, levels = [], least = -Infinity, format } = chart
  const shown = line.points.map(([, value]) => value).filter((value) => value >= least)
  const x = createAxis(
    line.points.map(([value]) => value),
    true,
  )
  const y = createAxis([...shown, ...levels.map(({ value }) => value)], isLog)
  const right = (value: number) => round(x.at(value) * PLOT.width)
  const down = (value: number) => round((1 - y.at(value)) * PLOT.height)
  const [lastX, lastY] = line.points[line.points.length - 1]
  const curve = line.points.map(([px, py]) => `${right(px)},${down(py)}`).join(' ')
  const { left, top, width, height } = PLOT
  // The inner svg clips the line to the plot.
  return markup`<figure class="chart">
<figcaption>${title}</figcaption>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${title}: ${format(lastY)} at the end">
${marksOf(x, y, right, down)}
<text x="${left + width / 2}" y="${HEIGHT - 8}" text-anchor="middle">${xLabel}</text>
<svg x="${left}" y="${top}" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">
${levels.map(({ value }, i) => levelMark(i, width, down(value)))}
<polyline class="curve" points="${curve}"/></svg>
<circle class="last" cx="${left + right(lastX)}" cy="${top + Math.min(height, down(lastY))}" r="4"/>
</svg>
<ul>${legendItem(markup`<path class="curve" d="M0 5H32"/>`, line.name, format(lastY))}
${levels.map(({ name, value }, i) => legendItem(levelMark(i, 32, 5), name, format(value)))}</ul>
</figure>`
}

function marksOf(x: Axis, y: Axis, right: (value: number) => number, down: (value: number) => number): MarkupContent {
  const bottom = PLOT.top + PLOT.height
  const columns = x.ticks.map(({ value, text }) => {
    const at = PLOT.left + right(value)
    return markup`<path class="grid" d="M${at} ${PLOT.top}V${bottom}"/>
<text x="${at}" y="${bottom + 18}" text-anchor="middle">${text}</text>`
  })
  const rows = y.ticks.map(({ value, text }) => {
    const at = PLOT.top + down(value)
    return markup`<path class="grid" d="M${PLOT.left} ${at}H${PLOT.left + PLOT.width}"/>
<text x="${PLOT.left - 7}" y="${at}" dy="0.35em" text-anchor="end">${text}</text>`
  })
  return [columns, rows]
}

function levelMark(index: number, width: number, y: number): Markup {
  return markup`<path class="level level-${index}" d="M0 ${y}H${width}"/>`
}

function legendItem(mark: Markup, name: string, value: string): Markup {
  return markup`<li><svg viewBox="0 0 32 10" aria-hidden="true">${mark}</svg><span>${name} <b>${value}</b></span></li>`
}

function round(units: number): number {
  return Number(units.toFixed(1))
}
