// Shows the lines of code on the page, each with a button that copies it.
import type { Lines } from './lines.ts'

/** Sets up the buttons. Returns a function that replaces the lines on the page. */
export function offerCopies(root: HTMLElement, announce: (text: string) => void): (lines: Lines) => void {
  let shown: Lines | undefined
  const buttons = root.querySelectorAll<HTMLButtonElement>('button[data-copies]')
  for (const button of buttons) {
    // Browsers have a clipboard only on https and localhost. Elsewhere visitors can still select the text.
    if (!navigator.clipboard) continue
    button.hidden = false
    button.addEventListener('click', () => void copy(button))
  }

  async function copy(button: HTMLButtonElement): Promise<void> {
    const name = button.dataset.copies as keyof Lines
    const text = shown?.[name] ?? ''
    try {
      // The page shows the path. The copy is an absolute URL, so that visitors can paste it anywhere.
      await navigator.clipboard.writeText(name === 'url' ? new URL(text, location.origin).href : text)
    } catch {
      announce('The browser does not let this page copy; select the text instead.')
      return
    }
    button.textContent = 'Copied'
    announce('Copied.')
    setTimeout(() => (button.textContent = 'Copy'), 1500)
  }

  return (lines) => {
    shown = lines
    for (const [name, text] of Object.entries(lines)) {
      root.querySelector(`[data-line="${name}"]`)!.textContent = text as string
    }
  }
}
