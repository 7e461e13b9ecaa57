// `edge-srcnn/nuxt`: a provider for @nuxt/image 2. The option `provider` in nuxt.config names this module. @nuxt/image
// 2 uses the default export, which has the shape that `defineProvider` returns; @nuxt/image 1 uses the export
// `getImage`.
import type { Scale } from './allowed.ts'
import { type Modifiers, modifiedUrl } from './modifiers.ts'
import type { SrOptions } from './url.ts'

/** The provider's `options` in nuxt.config. */
export interface NuxtOptions extends Omit<SrOptions, 'sizes'> {
  /** SrOptions' `sizes` under another name, because @nuxt/image passes its own option `sizes` to the provider. */
  readonly allowedSizes?: SrOptions['sizes']
  /**
   * URL of the worker, e.g. `https://img.example`, if the worker is on another host than the site. The provider puts
   * this URL before the path of each picture.
   */
  readonly baseURL?: string
  /** Modifiers that `:modifiers` may contain in addition to width, height, quality and format. */
  readonly modifiers?: NuxtModifiers
}

export interface NuxtModifiers {
  /**
   * How many times as wide and as high the result is: 2, 3 or 4. `width` and `height` are then used only for the
   * layout.
   */
  scale?: Scale
  /** Name of the model (`sr-model`). */
  model?: string
}

/**
 * Returns the URL of a picture for NuxtImg, NuxtPicture and $img. If `modifiers` contain no size, no parameters are
 * added. Modifiers that the worker does not support (`blur`, `background`, ...) are ignored. The widths of a srcset come
 * from `screens`, `sizes` and `densities`: the README says which of them give widths that the worker accepts. Throws the
 * same RangeErrors as srUrl.
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
    qualities,
  }: Omit<NuxtOptions, 'modifiers'> & { readonly modifiers?: Modifiers } = {},
): { url: string } {
  const isPath = src.startsWith('/') && !src.startsWith('//')
  const whole = isPath ? baseURL.replace(/\/$/, '') + src : src
  return { url: modifiedUrl(whole, modifiers, { format, quality, model, param, sizes: allowedSizes, qualities }) }
}

/** The type of a provider, declared here instead of imported from @nuxt/image. */
export interface NuxtProvider {
  getImage(src: string, options: NuxtOptions & { readonly modifiers: Modifiers & NuxtModifiers }): { url: string }
}

const provider: NuxtProvider = { getImage }

export default (): NuxtProvider => provider
