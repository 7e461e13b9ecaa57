// Shows pictures in Chromium, and reads the pixels that it shows.
import type { Page } from 'playwright-core'
import type { Rgba } from '../../../worker/image/plane.ts'

interface Task {
  readonly base64: string
  readonly mime: string
}

/** `pixels`: RGBA in Base64. */
type Answer = { readonly width: number; readonly height: number; readonly pixels: string } | null

/** Files that are shown by one call, so that neither calls nor messages are too large. */
const BATCH = 40

// The page has no access to this module, so the function is sent as text.
const SHOW = `async (tasks) => {
  const answers = []
  for (const { base64, mime } of tasks) {
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))
    const url = URL.createObjectURL(new Blob([bytes], { type: mime }))
    const image = new Image()
    const isLoaded = await new Promise((resolve) => {
      image.onload = () => resolve(true)
      image.onerror = () => resolve(false)
      image.src = url
    })
    URL.revokeObjectURL(url)
    if (!isLoaded) {
      answers.push(null)
      continue
    }
    const { naturalWidth: width, naturalHeight: height } = image
    const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true })
    context.drawImage(image, 0, 0)
    const { data } = context.getImageData(0, 0, width, height)
    let pixels = ''
    for (let at = 0; at < data.length; at += 8192) pixels += String.fromCharCode(...data.subarray(at, at + 8192))
    answers.push({ width, height, pixels: btoa(pixels) })
  }
  return answers
}`

/** Returns what Chromium shows of each file, or undefined for a file of which it shows an error. */
export async function showAll(
  page: Page,
  files: readonly { readonly bytes: Uint8Array; readonly mime: string }[],
): Promise<(Rgba | undefined)[]> {
  const shown: (Rgba | undefined)[] = []
  for (let at = 0; at < files.length; at += BATCH) {
    const tasks = files
      .slice(at, at + BATCH)
      .map(({ bytes, mime }): Task => ({ base64: Buffer.from(bytes).toString('base64'), mime }))
    const answers = await page.evaluate<Answer[]>(`(${SHOW})(${JSON.stringify(tasks)})`)
    for (const answer of answers) {
      shown.push(answer ? { ...answer, data: new Uint8Array(Buffer.from(answer.pixels, 'base64')) } : undefined)
    }
  }
  return shown
}

/**
 * True if both pictures look alike. A canvas multiplies colours by alpha and divides them again, so only their products
 * are compared, with a tolerance for this and for the coding of JPEG and lossy WebP.
 */
export function looksAlike(a: Rgba, b: Rgba): boolean {
  if (a.width !== b.width || a.height !== b.height) return false
  const MOST = 3
  for (let i = 0; i < a.data.length; i += 4) {
    const [alphaA, alphaB] = [a.data[i + 3], b.data[i + 3]]
    if (Math.abs(alphaA - alphaB) > 1) return false
    for (let c = i; c < i + 3; c++) {
      if (Math.abs(a.data[c] * alphaA - b.data[c] * alphaB) > 255 * MOST) return false
    }
  }
  return true
}
