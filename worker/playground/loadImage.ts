// A file as a picture that can be shown at once.

export interface LoadedImage {
  /** To be revoked by whoever shows it. */
  readonly url: string
  /** In pixels, upright. */
  readonly width: number
  readonly height: number
}

/** Decoded before it is shown, so that nothing flickers. Rejects for what this browser does not know. */
export async function loadImage(file: Blob): Promise<LoadedImage> {
  const image = new Image()
  const url = URL.createObjectURL(file)
  image.src = url
  try {
    await image.decode()
  } catch {
    URL.revokeObjectURL(url)
    throw new Error('this browser knows no picture in it')
  }
  return { url, width: image.naturalWidth, height: image.naturalHeight }
}

/** `jpeg` */
export function typeOf({ type }: Blob): string {
  return type.replace(/^image\//, '').replace(/;.*/, '') || 'unknown'
}
