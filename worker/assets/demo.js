// The dividers, the copy buttons, and a word where a picture did not come back enlarged.
for (const figure of document.querySelectorAll('figure')) {
  divide(figure.querySelector('.compare'))
  watch(figure)
  offerCopy(figure.querySelector('.url'))
}

/** Pointer and keyboard both end in the range input, which is what assistive technology reads. */
function divide(compare) {
  const input = compare.querySelector('input')
  const show = (percent) => {
    compare.style.setProperty('--at', `${percent}%`)
    input.setAttribute('aria-valuetext', `${Math.round(percent)} percent shows the before`)
  }
  const follow = (event) => {
    const { left, width } = compare.getBoundingClientRect()
    const percent = Math.min(100, Math.max(0, (100 * (event.clientX - left)) / width))
    input.value = percent
    show(percent)
  }
  compare.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return
    event.preventDefault()
    compare.setPointerCapture(event.pointerId)
    input.focus({ preventScroll: true })
    follow(event)
  })
  compare.addEventListener('pointermove', (event) => {
    if (compare.hasPointerCapture(event.pointerId)) follow(event)
  })
  input.addEventListener('input', () => show(Number(input.value)))
  show(Number(input.value))
}

/** Until the picture is there both halves show the before. The worker answers a failure with the original. */
function watch(figure) {
  const compare = figure.querySelector('.compare')
  const before = compare.querySelector('img')
  const after = compare.querySelector('.after img')
  const note = figure.querySelector('.note')
  const settle = () => {
    compare.classList.remove('loading')
    if (after.naturalWidth === 0) note.textContent = ' — did not load; open its URL to see why'
    else if (after.naturalWidth === before.naturalWidth) {
      note.textContent = ' — came back as it was; its X-SR header says why'
    }
  }
  if (after.complete) return settle()
  compare.classList.add('loading')
  after.addEventListener('load', settle)
  after.addEventListener('error', settle)
}

function offerCopy(line) {
  const code = line.querySelector('code')
  const button = line.querySelector('button')
  const { href, pathname, search } = new URL(code.textContent, document.baseURI)
  code.textContent = pathname + search
  // The clipboard is there on https and on localhost only; the text itself can always be selected.
  if (!navigator.clipboard) return
  button.hidden = false
  button.addEventListener('click', async () => {
    await navigator.clipboard.writeText(href)
    button.textContent = 'Copied'
    setTimeout(() => (button.textContent = 'Copy'), 1500)
  })
}
