// The page: a picture and a wish in, a result on the stage. Everything else has a file of its own.
import { parseManifest } from '../model/manifest.ts'
import { SCALES, type Format, type Scale } from '../params.ts'
import { createCompare, type Zoom } from './compare.ts'
import { offerCopies } from './copy.ts'
import { type FactsOf, showFacts, timeText } from './facts.ts'
import { find } from './find.ts'
import { createJobs } from './job.ts'
import type { Order, Runner, Stage, Wish } from './messages.ts'
import { offerPicking, type Picked, sampleOf } from './pick.ts'
import { type Result, resultByWorker, resultHere } from './result.ts'
import { fetchServed, type Served } from './served.ts'
import { webgpuObstacle } from './webgpuSupport.ts'
import { optionsOf, queryOf, withQuery } from './wish.ts'

const controls = find('#controls', HTMLFormElement)
const stage = find('#stage', HTMLElement)
const beforeImage = find('#before', HTMLImageElement)
const afterImage = find('#after', HTMLImageElement)
const [beforeTag, afterTag] = stage.querySelectorAll('.tag')
const message = find('#message', HTMLElement)
const status = find('#status', HTMLElement)
const progress = find('#progress', HTMLProgressElement)
const download = find('#download', HTMLAnchorElement)

type Left = 'pixels' | 'bicubic' | 'truth'

const jobs = createJobs(new URL('enlarge.js', import.meta.url))
const announce = (text: string) => (status.textContent = text)
const setLines = offerCopies(find('#lines', HTMLElement), announce)
const compare = createCompare(stage, showZoom)

let picked: Picked = sampleOf(find('[data-sample]', HTMLButtonElement))
let original: { readonly path: string; readonly served: Promise<Served> } | undefined
let turn = new AbortController()
let result: Result | undefined
let bicubic: Blob | undefined

// What is wanted

function wishOf(form: FormData): Wish {
  return {
    scale: Number(form.get('scale')) as Scale,
    model: String(form.get('model')),
    format: String(form.get('format')) as Format,
    // Of a control that is switched off there is no value.
    quality: Number(form.get('quality') ?? 85),
  }
}

function wanted() {
  const form = new FormData(controls)
  return { wish: wishOf(form), isTest: form.has('test'), runner: form.get('runner') as Runner }
}

function leftOf(): Left {
  return find('[name="left"]:checked', HTMLInputElement).value as Left
}

// From a wish to a picture

async function refresh(): Promise<void> {
  turn.abort()
  turn = new AbortController()
  const { signal } = turn
  const { wish, isTest, runner } = wanted()
  showLines(wish)
  announce(`Making ${picked.title} ${isTest ? 'smaller and ' : ''}sharper…`)
  setBusy(true)
  try {
    const next = await resultFor(picked, wish, isTest, runner, signal)
    result = next
    bicubic = next.bicubic
    const { before, after } = await showResult(next, signal)
    const { facts, reason } = next
    showFacts(find('#facts', HTMLElement), { ...facts, before, after })
    offerDownload(next, wish.scale)
    showLines(wish, before)
    const sizes = `${before.width} × ${before.height} → ${after.width} × ${after.height}`
    announce(reason ? `${picked.title} came back as it was: ${reason}.` : `${picked.title}: ${sizes}${facts.ms === undefined ? '' : ` in ${timeText(facts.ms)}`}.`) // prettier-ignore
  } catch (error) {
    if (signal.aborted) return
    fail(error)
  }
  setBusy(false)
}

async function resultFor(
  { ...from }: Picked,
  wish: Wish,
  isTest: boolean,
  runner: Runner,
  signal: AbortSignal,
): Promise<Result> {
  if (from.kind === 'served' && !isTest) {
    return resultByWorker(from.path, originalOf(from.path), wish, signal)
  }
  const file = from.kind === 'own' ? from.file : (await originalOf(from.path)).file
  signal.throwIfAborted()
  const order: Order = { ...wish, file, runner, isTest }
  return resultHere(order, jobs, signal, (at, share) => showProgress(at, share, signal))
}

/** Fetched once for each picture, whatever is made of it. */
function originalOf(path: string): Promise<Served> {
  if (original?.path !== path) {
    const served = fetchServed(path, new AbortController().signal)
    served.catch(() => (original = undefined))
    original = { path, served }
  }
  return original.served
}

function fail(error: unknown): void {
  const text = error instanceof Error ? error.message : String(error)
  result = undefined
  bicubic = undefined
  showMessage(`${picked.title} cannot be shown: ${text}.`)
  showFacts(find('#facts', HTMLElement), {})
  offerDownload(undefined)
  announce(`${picked.title} cannot be shown: ${text}.`)
}

// On the stage

/** What each of the two images shows at the moment: to be revoked when they show something else. */
const urls = new Map<HTMLImageElement, string>()

async function showResult({ before, after, truth }: Result, signal: AbortSignal) {
  const truthChoice = find('[name="left"][value="truth"]', HTMLInputElement)
  truthChoice.disabled = !truth
  if (!truth && truthChoice.checked) find('[value="pixels"]', HTMLInputElement).checked = true
  const small = await decoded(before)
  const large = await decoded(after)
  signal.throwIfAborted()
  showMessage()
  put(afterImage, large.url)
  compare.setSize(large)
  afterTag.textContent = wanted().isTest ? 'restored' : `?${queryOf(wanted().wish)}`
  await showLeft(signal, small.url)
  return {
    before: { width: small.width, height: small.height, type: typeOf(before), bytes: before.size },
    after: { width: large.width, height: large.height, type: typeOf(after), bytes: after.size },
  }
}

/** The left half, by the choice under the picture. */
async function showLeft(signal: AbortSignal, pixelsUrl?: string): Promise<void> {
  if (!result) return
  const left = leftOf()
  stage.classList.toggle('pixels', left === 'pixels')
  beforeTag.textContent = { pixels: 'Original pixels', bicubic: 'Bicubic', truth: 'Truth' }[left]
  if (left === 'pixels') put(beforeImage, pixelsUrl ?? (await decoded(result.before)).url)
  else if (left === 'truth') put(beforeImage, (await decoded(result.truth!)).url)
  else {
    bicubic ??= await bicubicFor(signal)
    const { url } = await decoded(bicubic)
    if (!signal.aborted) put(beforeImage, url)
  }
}

async function bicubicFor(signal: AbortSignal): Promise<Blob> {
  const { wish, runner } = wanted()
  if (wish.model === 'bicubic') return result!.after
  return (await resultFor(picked, { ...wish, model: 'bicubic' }, false, runner, signal)).after
}

/** Before it is shown, so that nothing flickers. */
async function decoded(file: Blob) {
  const image = new Image()
  image.src = URL.createObjectURL(file)
  try {
    await image.decode()
  } catch {
    URL.revokeObjectURL(image.src)
    throw new Error('this browser knows no picture in it')
  }
  return { url: image.src, width: image.naturalWidth, height: image.naturalHeight }
}

function put(image: HTMLImageElement, url: string): void {
  const before = urls.get(image)
  image.src = url
  urls.set(image, url)
  if (before && before !== url) URL.revokeObjectURL(before)
}

function showMessage(text = ''): void {
  message.textContent = text
  message.hidden = text === ''
  stage.classList.toggle('empty', text !== '')
}

function setBusy(isBusy: boolean): void {
  stage.setAttribute('aria-busy', String(isBusy))
  progress.classList.toggle('idle', !isBusy)
  progress.removeAttribute('value')
}

const STAGES: Readonly<Record<Stage, string>> = {
  load: 'fetching what is missing',
  decode: 'decoding',
  network: 'enlarging',
  encode: 'encoding',
  measure: 'measuring',
}

function showProgress(at: Stage, share: number, signal: AbortSignal): void {
  if (signal.aborted) return
  if (at === 'network') progress.value = share
  else progress.removeAttribute('value')
  progress.title = STAGES[at]
  const percent = at === 'network' ? ` ${Math.round(100 * share)} %` : ''
  progress.setAttribute('aria-valuetext', `${STAGES[at]}${percent}`)
}

function showZoom(zoom: Zoom): void {
  for (const button of document.querySelectorAll<HTMLButtonElement>('[data-zoom][aria-pressed]')) {
    button.setAttribute('aria-pressed', String(button.dataset.zoom === String(zoom)))
  }
}

// Beside it

function showLines(wish: Wish, size?: FactsOf['before']): void {
  const path =
    picked.kind === 'served' ? picked.path : `/images/${encodeURIComponent(picked.title)}`
  const url = withQuery(path, queryOf(wish))
  const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('"', '&quot;')
  const scales = SCALES.filter((scale) => scale <= wish.scale)
  const candidates = scales.map(
    (scale) => `${withQuery(path, queryOf({ ...wish, scale }))} ${scale}x`,
  )
  const attributes = size ? ` width="${size.width}" height="${size.height}"` : ''
  setLines({
    url: { shown: url, copied: new URL(url, location.origin).href },
    srcset: { shown: `<img src="${escaped(path)}" srcset="${escaped(candidates.join(', '))}"${attributes} alt="" />` }, // prettier-ignore
    hono: { shown: `app.use('/images/*', superResolution(${optionsOf(wish)}))` },
  })
}

function offerDownload(made: Result | undefined, scale?: Scale): void {
  download.ariaDisabled = String(!made)
  if (!made || !scale) {
    download.removeAttribute('href')
    return
  }
  const { after, reason } = made
  const stem = (picked.kind === 'own' ? picked.title : picked.path.split(/[?#]/)[0].split('/').at(-1)!).replace(/\.\w+$/, '') // prettier-ignore
  const extension = typeOf(after) === 'jpeg' ? 'jpg' : typeOf(after)
  download.href = URL.createObjectURL(after)
  download.download = reason ? `${stem}.${extension}` : `${stem}-x${scale}.${extension}`
}

function typeOf({ type }: Blob): string {
  return type.replace(/^image\//, '').replace(/;.*/, '') || 'unknown'
}

/** Names at the chosen scale; there are none before the manifest is here. */
async function offerModels(): Promise<void> {
  const response = await fetch(new URL('models/manifest.json', import.meta.url))
  const { models } = parseManifest(await response.text())
  const select = find('#model', HTMLSelectElement)
  const names = new Set(models.map(({ name }) => name))
  for (const name of names) select.add(new Option(name, name))
  const settle = () => {
    const { scale } = wanted().wish
    for (const option of select.options) {
      option.disabled = names.has(option.value) && !models.some((one) => one.name === option.value && one.scale === scale) // prettier-ignore
    }
    if (select.selectedOptions[0]?.disabled) select.value = 'auto'
  }
  settle()
  controls.addEventListener('change', settle, { capture: true })
}

async function offerWebgpu(): Promise<void> {
  const obstacle = await webgpuObstacle()
  if (obstacle)
    find('#runner-note', HTMLElement).textContent = `For pictures of your own, and for the test. ${obstacle}` // prettier-ignore
  else find('[value="webgpu"]', HTMLInputElement).disabled = false
}

// Wiring

offerPicking((choice) => {
  picked = choice
  void refresh()
}, announce)
controls.addEventListener('submit', (event) => event.preventDefault())
controls.addEventListener('change', () => {
  find('#quality', HTMLInputElement).disabled = wanted().wish.format === 'png'
  void refresh()
})
controls.addEventListener('input', () => {
  find('#quality-value', HTMLElement).textContent = find('#quality', HTMLInputElement).value
})
for (const choice of document.querySelectorAll('[name="left"]')) {
  choice.addEventListener('change', () => {
    const { signal } = turn
    showLeft(signal).catch((error: unknown) => signal.aborted || fail(error))
  })
}
for (const button of document.querySelectorAll<HTMLButtonElement>('[data-zoom]')) {
  button.addEventListener('click', () => {
    const { zoom } = button.dataset
    if (zoom === 'in' || zoom === 'out') compare.zoomBy(zoom === 'in' ? 1 : -1)
    else compare.zoomTo(zoom === 'fit' ? 'fit' : Number(zoom))
  })
}
void refresh()
void offerModels()
void offerWebgpu()
