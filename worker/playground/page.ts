// The main script of the page: takes the picked picture and the form's values, and shows the result on the stage.
import { BICUBIC } from '../picture/models.ts'
import { createControls, type FormValues } from './controls.ts'
import { offerCopies } from './copy.ts'
import { offerDownload } from './download.ts'
import { showFacts, timeText } from './facts.ts'
import { find } from './find.ts'
import { createJobs } from './job.ts'
import { linesOf } from './lines.ts'
import { fileNameOf, offerPicking, type Picked, sampleOf } from './pick.ts'
import { loadImage, typeOf } from './loadImage.ts'
import { type ShownResult, resultByWorker, resultHere } from './shownResult.ts'
import { fetchServed, type ServedPicture } from './servedPicture.ts'
import { createStage } from './stage.ts'
import type { Box } from './view.ts'
import { isOffered } from './offered.ts'
import { urlOf } from './pageWish.ts'

const status = find('#status', HTMLElement)
const announce = (text: string) => {
  status.textContent = text
}
const facts = find('#facts', HTMLElement)
const jobs = createJobs(new URL('enlarge.js', import.meta.url))
const showLines = offerCopies(find('#lines', HTMLElement), announce)
const stage = createStage(() => void refreshLeft())
const wanted = createControls(() => void refresh())

let picked: Picked = sampleOf(find('[data-sample]', HTMLButtonElement))
let original: { readonly path: string; readonly served: Promise<ServedPicture> } | undefined
/** Cancels the work for the previous choice when the visitor chooses something else. */
let turn = new AbortController()
/** The result on the stage, and the values of the form for which it was made. */
let shown: { readonly result: ShownResult; readonly asked: FormValues } | undefined

offerPicking((choice) => {
  picked = choice
  void refresh()
}, announce)
void refresh()

async function refresh(): Promise<void> {
  turn.abort()
  turn = new AbortController()
  const { signal } = turn
  const asked = wanted()
  const { title } = picked
  showLines(linesOf(pathOf(picked), asked.wish, undefined))
  announce(`Making ${title} ${asked.isTest ? 'smaller, then ' : ''}sharper…`)
  stage.setBusy(true)
  try {
    const result = await resultFor(asked, signal)
    stage.offerTruth(result.truth !== undefined)
    const left = await leftOf(result, asked, signal)
    await stage.show(left, result.after, asked.isTest ? 'restored' : urlOf('', asked.wish), signal)
    shown = { result, asked }
    await describe(result, asked, title, signal)
  } catch (error) {
    if (signal.aborted) return
    fail(error, title)
  }
  stage.setBusy(false)
}

/** Replaces only the left half of the stage. */
async function refreshLeft(): Promise<void> {
  const { signal } = turn
  if (!shown) return
  try {
    await stage.showLeft(await leftOf(shown.result, shown.asked, signal), signal)
  } catch (error) {
    if (!signal.aborted) announce(`The left half cannot be shown: ${messageOf(error)}.`)
  }
}

async function resultFor({ wish, runner, isTest }: FormValues, signal: AbortSignal): Promise<ShownResult> {
  const from = picked
  // The left half may show bicubic, even if the worker does not offer it.
  if (from.kind === 'served' && !isTest && isOffered(wish.model)) {
    return resultByWorker(from.path, originalOf(from.path), wish, signal)
  }
  const file = from.kind === 'own' ? from.file : (await originalOf(from.path)).file
  return resultHere({ ...wish, file, runner, isTest }, jobs, signal, stage.showProgress)
}

/** Returns the original picture at `path`. It is fetched only once per picked picture. */
function originalOf(path: string): Promise<ServedPicture> {
  if (original?.path !== path) {
    const served = fetchServed(path, new AbortController().signal)
    served.catch(() => (original = undefined))
    original = { path, served }
  }
  return original.served
}

/** Returns the file that the left half of the stage shows. */
async function leftOf(result: ShownResult, asked: FormValues, signal: AbortSignal): Promise<Blob> {
  const left = stage.left()
  if (left === 'pixels') return result.before
  if (left === 'truth' && result.truth) return result.truth
  if (result.bicubic) return result.bicubic
  if (asked.wish.model === BICUBIC || result.reason) return result.after
  const bicubic = { ...asked, wish: { ...asked.wish, model: BICUBIC } }
  return (await resultFor(bicubic, signal)).after
}

async function describe(
  result: ShownResult,
  { wish, isTest }: FormValues,
  title: string,
  signal: AbortSignal,
): Promise<void> {
  const [before, after] = await Promise.all([factsOf(result.before), factsOf(result.after)])
  signal.throwIfAborted()
  showFacts(facts, { ...result.facts, before, after })
  showLines(linesOf(pathOf(picked), wish, isTest ? undefined : before))
  offerDownload(result, fileNameOf(picked), wish.scale)
  const time = result.facts.ms === undefined ? '' : ` in ${timeText(result.facts.ms)}`
  const sizes = `${before.width} × ${before.height} → ${after.width} × ${after.height}`
  announce(result.reason ? `${title} came back as it was: ${result.reason}.` : `${title}: ${sizes}${time}.`)
}

async function factsOf(file: Blob): Promise<Box & { readonly type: string; readonly bytes: number }> {
  const { url, width, height } = await loadImage(file)
  URL.revokeObjectURL(url)
  return { width, height, type: typeOf(file), bytes: file.size }
}

function fail(error: unknown, title: string): void {
  shown = undefined
  const text = `${title} cannot be shown: ${messageOf(error)}.`
  stage.say(text)
  stage.offerTruth(false)
  showFacts(facts, {})
  offerDownload()
  announce(text)
}

/**
 * Returns the path that the lines of code contain: the picture's path, or an example path for the visitor's own file.
 */
function pathOf(from: Picked): string {
  return from.kind === 'served' ? from.path : `/images/${encodeURIComponent(from.title)}`
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
