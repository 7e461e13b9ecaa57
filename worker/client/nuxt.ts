// `edge-srcnn/nuxt`: a provider for @nuxt/image 2, whose `provider` names a module with a default export like
// what its `defineProvider` makes. (@nuxt/image 1 takes the export `getImage` of the same module.)
import type { Scale } from './allowed.ts'
import { type Modifiers, modifiedUrl } from './modifiers.ts'
import type { SrOptions } from './url.ts'

/** The provider's `options` in nuxt.config. */
export interface NuxtOptions extends Omit<SrOptions, 'sizes'> {
  /** As `sizes` elsewhere: that name is @nuxt/image's own, and would arrive here instead. */
  readonly allowedSizes?: SrOptions['sizes']
  /** Put before a path, where another host than the site's has the worker: `https://img.example`. Default none. */
  readonly baseURL?: string
  /** What `:modifiers` may have beside width, height, quality and format. */
  readonly modifiers?: NuxtModifiers
}

export interface NuxtModifiers {
  /** 2, 3 or 4 times as large, whatever width and height a layout gives it. */
  scale?: Scale
  /** `sr-model`. */
  model?: string
}

/**
 * The URL of a picture as NuxtImg, NuxtPicture and $img ask for it; as it is where they say no size. Modifiers
 * that the worker does not know (`blur`, `background`, ...) change nothing. Throws a RangeError as srUrl does.
 *
 * @example
 * getImage('/cat.jpg', { modifiers: { width: 600 }, format: 'auto' })
 * // { url: '/cat.jpg?sr-width=640&sr-format=auto' }
 */
export function getImage(
  src: string,
  {
    modifiers = {},
    baseURL = '',
    allowedSizes,
    format,
    quality,
    model,
    param,
  }: Omit<NuxtOptions, 'modifiers'> & { readonly modifiers?: Modifiers } = {},
): { url: string } {
  const isPath = src.startsWith('/') && !src.startsWith('//')
  const whole = isPath ? baseURL.replace(/\/$/, '') + src : src
  return { url: modifiedUrl(whole, modifiers, { format, quality, model, param, sizes: allowedSizes }) }
}

/** A provider's shape, without the types of @nuxt/image. */
export interface NuxtProvider {
  getImage(src: string, options: NuxtOptions & { readonly modifiers: Modifiers & NuxtModifiers }): { url: string }
}

const provider: NuxtProvider = { getImage }

export default (): NuxtProvider => provider
