// What the operator offers: options that app.ts writes into the page as attributes.
import { type Format, FORMATS, SERVED_QUALITIES } from '../client/allowed.ts'

const { param, format, formats, quality, qualities, models } = document.documentElement.dataset
const named = models?.split(' ')

/** The operator's name for the parameter `sr` (SR_PARAM). */
export const PARAM = param ?? 'sr'
export const DEFAULT_FORMAT = (format ?? 'source') as Format
export const OFFERED_FORMATS = (formats?.split(' ') ?? FORMATS) as readonly Format[]
export const DEFAULT_QUALITY = Number(quality ?? 85)
export const OFFERED_QUALITIES = qualities?.split(' ').map(Number) ?? SERVED_QUALITIES

/** Returns true if the worker serves results of this model to those who name it. */
export function isOffered(model: string): boolean {
  return model === 'auto' || !named || named.includes(model)
}
