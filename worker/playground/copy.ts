// The lines that one takes home: each with a button that copies it.

/** Fills in lines by the name in their `data-line`. */
export type SetLines = (lines: Readonly<Record<string, { shown: string; copied?: string }>>) => void

export function offerCopies(root: HTMLElement, announce: (text: string) => void): SetLines {
  const texts = new Map<string, string>()
  for (const button of root.querySelectorAll<HTMLButtonElement>('button[data-copies]')) {
    // The clipboard is there on https and on localhost only; the text itself can always be selected.
    if (!navigator.clipboard) continue
    button.hidden = false
    button.addEventListener('click', () => void copy(button))
  }

  async function copy(button: HTMLButtonElement): Promise<void> {
    try {
      await navigator.clipboard.writeText(texts.get(button.dataset.copies!) ?? '')
    } catch {
      announce('The browser does not let this page copy; select the text instead.')
      return
    }
    button.textContent = 'Copied'
    announce('Copied.')
    setTimeout(() => (button.textContent = 'Copy'), 1500)
  }

  return (lines) => {
    for (const [name, { shown, copied = shown }] of Object.entries(lines)) {
      texts.set(name, copied)
      root.querySelector(`[data-line="${name}"]`)!.textContent = shown
    }
  }
}
