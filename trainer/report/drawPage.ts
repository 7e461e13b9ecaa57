// The page of a report. Text from the files of the run is always escaped.
import type { ModelEntry, ModelScore, ValidationScore } from '../../worker/model/manifest.ts'
import { formatSeconds } from '../../worker/terminal/progressLine.ts'
import { INPUTS } from '../data/degrade.ts'
import { publishedOf, publishedPicture, type PublishedFigures } from '../evaluate/published.ts'
import { formatGain, formatQuality } from '../evaluate/textTable.ts'
import { formatNumber } from './axis.ts'
import { drawChart, type ChartLevel } from './chart.ts'
import { markup, type Markup } from './markup.ts'
import { PAGE_STYLE } from './pageStyle.ts'
import type { LogLine, RunRecord, ScaleRecord } from './readRun.ts'

/** A PNG file as a `data:` URL. */
export type ImageUrl = string

export interface CropRow {
  readonly set: string
  readonly picture: string
  readonly crops: readonly {
    readonly method: string
    readonly image: ImageUrl
    readonly psnr?: number
  }[]
}

export interface ScaleImages {
  /** Picture of the first layer's kernels. */
  readonly filters?: ImageUrl
  readonly crops: readonly CropRow[]
}

export interface ReportPage {
  readonly run: RunRecord
  readonly images: ReadonlyMap<number, ScaleImages>
  /** Sentences that say why something is missing. */
  readonly missing: readonly string[]
}

/** Draws the report as a complete HTML document. */
export function drawPage({ run, images, missing }: ReportPage): string {
  const { name, config, scales } = run
  const options = config.options && JSON.stringify(config.options, null, 2)
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${name}: report</title>
<style>${{ html: PAGE_STYLE }}</style>
</head>
<body>
<h1>${name}</h1>
<p class="quiet">${started(config)}Scales: ${scales.map(({ scale }) => `x${scale}`).join(', ')}.
PSNR and SSIM on luma, as the SRCNN papers measure.</p>
${options && markup`<details><summary>Options</summary><pre>${options}</pre></details>`}
${scales.map((scale) => drawScale(scale, images.get(scale.scale), missing))}
</body>
</html>
`.html
}

function started({ started: when, node }: RunRecord['config']): string {
  if (when === undefined) return ''
  return `Started ${when}${node === undefined ? '' : `, Node ${node}`}. `
}

function drawScale(
  { scale, log, model }: ScaleRecord,
  images: ScaleImages | undefined,
  missing: readonly string[],
): Markup {
  return markup`<section>
<h2>x${scale}</h2>
${model ? describeModel(model.entry, log) : describeProgress(log)}
${drawCurves(scale, log, model?.entry)}
${model && drawScores(model.entry)}
${images?.filters && model && drawFilterSheet(images.filters, model.network.layers[0])}
${model && drawCrops(scale, images?.crops ?? [], missing)}
</section>`
}

function describeModel(
  { architecture, data, patches, runtime, command, validation }: ModelEntry,
  log: readonly LogLine[],
) {
  const facts = [
    architecture,
    data && `trained on ${data}`,
    patches && `${formatNumber(patches)} patches`,
    log.length > 0 && `${formatSeconds(log[log.length - 1].seconds)} of training`,
    runtime,
  ].filter(Boolean)
  return markup`<p>${facts.join('; ')}.</p>
${command && markup`<p><code>${command}</code></p>`}
${validation && describeValidation(validation)}`
}

function describeValidation({ data, images, input, psnr, bicubic }: ValidationScore): Markup {
  return markup`<p>Held-out pictures (${data}, ${images}, ${input}):
<b>${decibels(psnr)}</b>, bicubic ${decibels(bicubic)}.</p>`
}

function describeProgress(log: readonly LogLine[]): Markup {
  const { patches, seconds } = log[log.length - 1]
  return markup`<p>Not finished: this is the state after ${formatNumber(patches)} patches
and ${formatSeconds(seconds)} of training. Scores, filters and crops need the finished weights.</p>`
}

function drawCurves(scale: number, log: readonly LogLine[], entry?: ModelEntry): Markup {
  // Leaves out the entry at 0 patches, because a logarithmic axis has no zero.
  const seen = log.filter(({ patches }) => patches > 0)
  if (seen.length === 0) return markup`<p class="quiet">There is no log of the training.</p>`
  const xLabel = 'patches seen (backprops)'
  const loss = drawChart({
    title: 'Loss',
    xLabel,
    isLog: seen.every((line) => line.loss > 0),
    line: { name: 'training', points: seen.map((line) => [line.patches, line.loss]) },
    format: (value) => value.toExponential(2),
  })
  const validated = seen.flatMap(({ patches, psnr }) => (psnr === undefined ? [] : [[patches, psnr] as const]))
  if (validated.length === 0) {
    return markup`<div class="charts">${loss}</div>
<p class="quiet">No pictures were held out of training, so there is no curve of PSNR.</p>`
  }
  const bicubic = seen.find((line) => line.bicubic !== undefined)?.bicubic
  const levels: ChartLevel[] = [
    ...(bicubic === undefined ? [] : [{ name: 'bicubic', value: bicubic }]),
    ...publishedLevels(entry?.validation, scale),
  ]
  const quality = drawChart({
    title: `PSNR on ${entry?.validation?.data ?? 'held-out pictures'} in dB`,
    xLabel,
    line: { name: 'this run', points: validated },
    levels,
    least: bicubic === undefined ? undefined : bicubic - BELOW_BICUBIC,
    format: decibels,
  })
  return markup`<div class="charts">${quality}${loss}</div>`
}

/** Points that are more than this many dB below bicubic's PSNR are clipped, for example those of the first steps. */
const BELOW_BICUBIC = 0.5

/**
 * Returns published figures for the chart. There are none unless the run was validated on a set that papers measure.
 */
function publishedLevels(validation: ModelEntry['validation'], scale: number): ChartLevel[] {
  if (validation?.input !== 'clean') return [] // papers measure luma that is not rounded
  const [set] = validation.data.split(' ')
  const known: [string, PublishedFigures | undefined][] = [
    ['sparse coding, published', publishedOf('SC', set, scale, 'float')],
    ['SRCNN 9-1-5 on T91, published', publishedOf('9-1-5, T91', set, scale, 'float')],
  ]
  return known.flatMap(([name, quality]) => (quality ? [{ name, value: quality.psnr }] : []))
}

function drawScores({ scores = [], scale, name }: ModelEntry): Markup {
  if (scores.length === 0) {
    return markup`<h3>Scores</h3><p class="quiet">The weights were not evaluated on a test set.</p>`
  }
  const headings = [
    'set, input',
    'bicubic',
    'published',
    markup`sparse coding,<br>published`,
    name,
    markup`SRCNN 9-1-5 on T91,<br>published`,
    'difference',
  ]
  return markup`<h3>Scores</h3>
<div class="wide"><table>
<thead><tr>${headings.map((heading) => markup`<th>${heading}</th>`)}</tr></thead>
<tbody>${scores.map((score) => drawScore(score, scale))}</tbody>
</table></div>
<p class="quiet">PSNR in dB / SSIM, means over the set. <i>float</i>: the small picture is not rounded, as in papers;
<i>uint8</i>: 8-bit RGB, as a service receives it; <i>jpeg:40</i>: the 8-bit picture at JPEG quality 40.</p>`
}

function drawScore({ set, input: kind, images, psnr, ssim, bicubic }: ModelScore, scale: number) {
  const input = INPUTS.find((known) => known === kind)
  const srcnn = input && publishedOf('9-1-5, T91', set, scale, input)
  const cells = [
    formatQuality(bicubic),
    formatQuality(input && publishedOf('Bicubic', set, scale, input)),
    formatQuality(input && publishedOf('SC', set, scale, input)),
    markup`<b>${formatQuality({ psnr, ssim })}</b>`,
    formatQuality(srcnn),
    srcnn ? formatGain(psnr - srcnn.psnr) : '',
  ]
  return markup`<tr><td>${set} (${images}), ${kind}</td>${cells.map((cell) => markup`<td>${cell}</td>`)}</tr>`
}

function drawFilterSheet(image: ImageUrl, { kernel, outputs }: { kernel: number; outputs: number }) {
  return markup`<h3>Kernels of the first layer</h3>
<img class="filters" src="${image}" alt="${outputs} kernels of ${kernel} by ${kernel} weights">
<p class="quiet">${outputs} kernels of ${kernel}x${kernel}, sorted by falling variance.
Each is scaled by its own largest weight: grey is 0.</p>`
}

const CROPS_CAPTION = markup`<p class="quiet">Cropped where bicubic's error is largest. PSNR is measured on the whole picture.
The small picture was not rounded, except to 8 bits for a network on RGB.</p>`

function drawCrops(scale: number, rows: readonly CropRow[], missing: readonly string[]): Markup {
  return markup`<h3>Crops</h3>
${rows.length > 0 ? CROPS_CAPTION : undefined}
${rows.map((row) => drawCropRow(scale, row))}
${missing.map((sentence) => markup`<p class="quiet">${sentence}</p>`)}`
}

function drawCropRow(scale: number, { set, picture, crops }: CropRow): Markup {
  const published = publishedPicture(set, picture, scale)
  const figures = crops.map(({ method, image, psnr }) => {
    const caption = psnr === undefined ? method : markup`${method} <b>${decibels(psnr)}</b>`
    return markup`<figure><img src="${image}" alt="${picture}: ${method}"><figcaption>${caption}</figcaption></figure>`
  })
  const figure = published && `; the paper's 9-1-5 on T91: ${decibels(published.psnr)}`
  return markup`<h4>${picture} <span class="quiet">${set}${figure}</span></h4>
<div class="crops">${figures}</div>`
}

function decibels(value: number): string {
  return `${value.toFixed(2)} dB`
}
