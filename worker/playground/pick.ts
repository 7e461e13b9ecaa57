// Lets the visitor pick a picture: a sample, a file of their own, or a path on this site.
import { replaceParameters } from '../client/url.ts'
import { find } from './find.ts'
import { PARAM } from './offered.ts'

export type Picked =
  /** A picture on this site; `path` is absolute and has no parameters of the worker. */
  | { readonly kind: 'served'; readonly path: string; readonly title: string }
  | { readonly kind: 'own'; readonly file: File; readonly title: string }

/**
 * Sets up all ways to pick. `onPick` receives each choice. `onMistake` receives a message if a choice is not possible.
 */
export function offerPicking(onPick: (picked: Picked) => void, onMistake: (message: string) => void): void {
  const buttons = document.querySelectorAll<HTMLButtonElement>('button[data-sample]')
  const press = (pressed?: HTMLButtonElement) => {
    for (const one of buttons) one.setAttribute('aria-pressed', String(one === pressed))
  }
  for (const button of buttons) {
    button.addEventListener('click', () => {
      press(button)
      onPick(sampleOf(button))
    })
  }
  const take = (file: File | undefined) => {
    if (!file) return
    press()
    onPick({ kind: 'own', file, title: file.name || 'picture' })
  }

  const input = find('#file', HTMLInputElement)
  input.addEventListener('change', () => {
    take(input.files?.[0])
    input.value = '' // else choosing the same file again would be no change
  })
  document.addEventListener('paste', ({ clipboardData }) => take(clipboardData?.files[0]))
  offerDropping(take, onMistake)

  const path = find('#path', HTMLInputElement)
  find('#path-form', HTMLFormElement).addEventListener('submit', (event) => {
    event.preventDefault()
    const own = pathOf(path.value.trim())
    if (own === undefined) return onMistake('Only pictures at this site can be shown by their path.')
    press()
    onPick({ kind: 'served', path: own, title: fileNameAt(own) })
  })
}

export function sampleOf(button: HTMLButtonElement): Picked {
  const path = new URL(button.dataset.sample!, document.baseURI).pathname
  return { kind: 'served', path, title: button.textContent.trim() }
}

function offerDropping(take: (file: File | undefined) => void, onMistake: (message: string) => void) {
  const { classList } = document.documentElement
  document.addEventListener('dragover', (event) => {
    if (!event.dataTransfer?.types.includes('Files')) return
    event.preventDefault() // else the browser would open the dropped file
    event.dataTransfer.dropEffect = 'copy'
    classList.add('dropping')
  })
  document.addEventListener('dragleave', ({ relatedTarget }) => {
    if (!relatedTarget) classList.remove('dropping')
  })
  document.addEventListener('drop', (event) => {
    event.preventDefault()
    classList.remove('dropping')
    const file = event.dataTransfer?.files[0]
    if (file) take(file)
    else onMistake('No file was dropped: drop a picture from a folder.')
  })
}

/** Returns path and query without the worker's parameters; undefined for a URL of another site. */
function pathOf(text: string): string | undefined {
  const url = URL.canParse(text, location.origin) ? new URL(text, location.origin) : undefined
  if (url?.origin !== location.origin) return undefined
  return replaceParameters(url.pathname + url.search, PARAM, [])
}

export function fileNameOf(picked: Picked): string {
  return picked.kind === 'own' ? picked.title : fileNameAt(picked.path)
}

function fileNameAt(path: string): string {
  const name = path.split('?', 1)[0].split('/').at(-1)!
  try {
    return decodeURIComponent(name) || path
  } catch {
    return name
  }
}
