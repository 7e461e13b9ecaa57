// The frame with both pictures, its message and its progress bar.
import { createCompare } from './compare.ts'
import { find } from './find.ts'
import type { Step } from './messages.ts'
import { loadImage } from './loadImage.ts'
import type { Box } from './view.ts'

/** The pictures that the left half can show. */
export type Left = 'pixels' | 'bicubic' | 'truth'

export interface Stage {
  /** Returns which picture the visitor chose for the left half. */
  left(): Left
  /** Enables or disables the choice of the truth for the left half. */
  offerTruth(isThere: boolean): void
  /**
   * Replaces both pictures at the same time. `tag` is the label of the right picture. Rejects if this browser cannot
   * show a file.
   */
  show(left: Blob, right: Blob, tag: string, signal: AbortSignal): Promise<void>
  /** Replaces the left picture. Rejects if this browser cannot show the file. */
  showLeft(left: Blob, signal: AbortSignal): Promise<void>
  /** Shows a message instead of the pictures. An empty `text` hides the message. */
  say(text: string): void
  setBusy(isBusy: boolean): void
  showProgress(step: Step, share: number): void
}

const LEFT_NAMES: Readonly<Record<Left, string>> = {
  pixels: 'Original pixels',
  bicubic: 'Bicubic',
  truth: 'Truth',
}
const STEP_NAMES: Readonly<Record<Step, string>> = {
  load: 'fetching missing files',
  decode: 'decoding',
  network: 'enlarging',
  encode: 'encoding',
  measure: 'measuring',
}

/** Sets up the stage. `onLeft` is called when the visitor chooses another picture for the left half. */
export function createStage(onLeft: () => void): Stage {
  const stage = find('#stage', HTMLElement)
  const images = {
    left: find('#before', HTMLImageElement),
    right: find('#after', HTMLImageElement),
  }
  const [leftTag, rightTag] = stage.querySelectorAll('.tag')
  const message = find('#message', HTMLElement)
  const progress = find('#progress', HTMLProgressElement)
  const choices = document.querySelectorAll<HTMLInputElement>('[name="left"]')
  const zoomButtons = document.querySelectorAll<HTMLButtonElement>('[data-zoom]')
  const compare = createCompare(stage, (zoom) => {
    for (const button of zoomButtons) {
      if (button.ariaPressed) button.ariaPressed = String(button.dataset.zoom === String(zoom))
    }
  })
  for (const button of zoomButtons) {
    const { zoom } = button.dataset
    button.addEventListener('click', () => {
      if (zoom === 'in' || zoom === 'out') compare.zoomBy(zoom === 'in' ? 1 : -1)
      else compare.zoomTo(zoom === 'fit' ? 'fit' : Number(zoom))
    })
  }
  for (const choice of choices) choice.addEventListener('change', onLeft)

  const left = () => [...choices].find(({ checked }) => checked)!.value as Left
  const put = (image: HTMLImageElement, url: string) => {
    const before = image.src
    image.src = url
    if (before.startsWith('blob:')) URL.revokeObjectURL(before)
  }
  const putLeft = (url: string) => {
    put(images.left, url)
    stage.classList.toggle('pixels', left() === 'pixels')
    leftTag.textContent = LEFT_NAMES[left()]
  }
  const say = (text: string) => {
    message.textContent = text
    message.hidden = text === ''
  }

  return {
    left,
    offerTruth(isThere) {
      const [pixels, , truth] = choices
      truth.disabled = !isThere
      if (!isThere && truth.checked) pixels.checked = true
    },
    async show(leftFile, rightFile, tag, signal) {
      const [small, large] = await Promise.all([loadImage(leftFile), loadImage(rightFile)])
      if (signal.aborted) {
        URL.revokeObjectURL(small.url)
        URL.revokeObjectURL(large.url)
        signal.throwIfAborted()
      }
      say('')
      put(images.right, large.url)
      putLeft(small.url)
      compare.setSize(large satisfies Box)
      rightTag.textContent = tag
    },
    async showLeft(file, signal) {
      const { url } = await loadImage(file)
      if (signal.aborted) URL.revokeObjectURL(url)
      else putLeft(url)
    },
    say,
    setBusy(isBusy) {
      stage.ariaBusy = String(isBusy)
      progress.classList.toggle('idle', !isBusy)
      progress.removeAttribute('value')
    },
    showProgress(step, share) {
      if (step === 'network') progress.value = share
      else progress.removeAttribute('value')
      const percent = step === 'network' ? ` ${Math.round(100 * share)} %` : ''
      progress.title = `${STEP_NAMES[step]}${percent}`
      progress.setAttribute('aria-valuetext', progress.title)
    },
  }
}
