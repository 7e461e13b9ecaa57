// The form with the settings: scale, model, format, quality, what runs the networks, and the quality test.
import { type ModelEntry, parseManifest } from '../model/manifest.ts'
import type { Format, Scale } from '../client/allowed.ts'
import { find } from './find.ts'
import type { Runner, PageWish } from './messages.ts'
import { webgpuObstacle } from './webgpuSupport.ts'
import { isOffered, OFFERED_FORMATS, OFFERED_QUALITIES } from './offered.ts'
import { DEFAULT_WISH } from './pageWish.ts'
import { BICUBIC } from '../picture/models.ts'

/** The values of the form. */
export interface FormValues {
  readonly wish: PageWish
  readonly runner: Runner
  readonly isTest: boolean
}

/** Sets up the form; `onChange` is called after each change. Returns a function that reads the current values. */
export function createControls(onChange: () => void): () => FormValues {
  const form = find('#controls', HTMLFormElement)
  const format = find('#format', HTMLSelectElement)
  const quality = find('#quality', HTMLSelectElement)
  const select = find('#model', HTMLSelectElement)
  let models: readonly ModelEntry[] = []

  const wanted = (): FormValues => {
    const data = new FormData(form)
    const wish: PageWish = {
      scale: Number(data.get('scale')) as Scale,
      model: String(data.get('model')),
      format: String(data.get('format')) as Format,
      // FormData leaves out disabled controls.
      quality: Number(data.get('quality') ?? DEFAULT_WISH.quality),
    }
    return { wish, runner: data.get('runner') as Runner, isTest: data.has('test') }
  }
  /** Disables the models that do not have the chosen scale, and disables the quality for PNG. */
  const settle = () => {
    const { scale } = wanted().wish
    for (const option of select.options) {
      const own = models.filter(({ name }) => name === option.value)
      option.disabled = own.length > 0 && !own.some((one) => one.scale === scale)
    }
    if (select.selectedOptions[0]?.disabled) select.value = DEFAULT_WISH.model
    quality.disabled = format.value === 'png'
  }
  const offerModels = async () => {
    const response = await fetch(new URL('models/manifest.json', import.meta.url))
    models = parseManifest(await response.text()).models
    const names = new Set(models.map((one) => one.name))
    for (const name of [...names].filter(isOffered)) select.add(new Option(name, name))
    settle()
  }
  const offerWebgpu = async () => {
    const obstacle = await webgpuObstacle()
    if (obstacle) find('#runner-note', HTMLElement).textContent += ` ${obstacle}`
    else find('[value="webgpu"]', HTMLInputElement).disabled = false
  }

  form.addEventListener('submit', (event) => event.preventDefault())
  form.addEventListener('change', () => {
    settle()
    onChange()
  })
  offer(format, OFFERED_FORMATS, DEFAULT_WISH.format)
  offer(quality, OFFERED_QUALITIES, DEFAULT_WISH.quality)
  offer(select, ['auto', BICUBIC].filter(isOffered), DEFAULT_WISH.model)
  void offerModels()
  void offerWebgpu()
  return wanted
}

function offer(select: HTMLSelectElement, values: readonly (string | number)[], byDefault: string | number): void {
  select.replaceChildren(...values.map((value) => new Option(`${value}`, `${value}`)))
  select.value = `${byDefault}`
}
