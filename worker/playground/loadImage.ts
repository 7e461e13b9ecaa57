// Loads a file as an image that can be shown without delay.

export interface LoadedImage {
  /** An object URL; the caller must revoke it. */
  readonly url: string
  /** Width and height in pixels, of the upright image. */
  readonly width: number
  readonly height: number
}

/** Decodes the image before it is shown, so that nothing flickers. Rejects if this browser cannot decode the file. */
export async function loadImage(file: Blob): Promise<LoadedImage> {
  const image = new Image()
  const url = URL.createObjectURL(file)
  image.src = url
  try {
    await image.decode()
  } catch {
    URL.revokeObjectURL(url)
    throw new Error('this browser cannot decode it')
  }
  return { url, width: image.naturalWidth, height: image.naturalHeight }
}

/** Returns the subtype of the file's media type, like `jpeg`. */
export function typeOf({ type }: Blob): string {
  return type.replace(/^image\//, '').replace(/;.*/, '') || 'unknown'
}
