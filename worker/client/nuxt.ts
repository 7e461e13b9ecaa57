// `edge-srcnn/nuxt`: a provider for @nuxt/image 2. Its option `provider` names a module whose default export has the
// shape that `defineProvider` returns. (@nuxt/image 1 uses the export `getImage` of the same module.)
import type { Scale } from './allowed.ts'
import { type Modifiers, modifiedUrl } from './modifiers.ts'
import type { SrOptions } from './url.ts'

/** The provider's `options` in nuxt.config. */
export interface NuxtOptions extends Omit<SrOptions, 'sizes'> {
  /** SrOptions' `sizes` under another name, because @nuxt/image passes its own option `sizes` to the provider. */
  readonly allowedSizes?: SrOptions['sizes']
  /** Put before a path, if the worker is on another host than the site: `https://img.example`. Default none. */
  readonly baseURL?: string
  /** Modifiers that `:modifiers` may contain in addition to width, height, quality and format. */
  readonly modifiers?: NuxtModifiers
}

export interface NuxtModifiers {
  /** 2, 3 or 4 times as large, regardless of the width and height in the layout. */
  scale?: Scale
  /** `sr-model`. */
  model?: string
}

/**
 * Returns the URL of a picture for NuxtImg, NuxtPicture and $img; the URL is unchanged if they pass no size. Modifiers
 * that the worker does not support (`blur`, `background`, ...) are ignored. Throws a RangeError as srUrl does.
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

/** The shape of a provider, declared without the types of @nuxt/image. */
export interface NuxtProvider {
  getImage(src: string, options: NuxtOptions & { readonly modifiers: Modifiers & NuxtModifiers }): { url: string }
}

const provider: NuxtProvider = { getImage }

export default (): NuxtProvider => provider
