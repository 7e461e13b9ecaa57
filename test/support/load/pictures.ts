// Pictures of pages and visitors: each is drawn with noise of its own, so that no two have the same bytes.
import sharp from 'sharp'
import { renderScene } from '../../fixtures/make.ts'

/** What the origin sends, and what a page asks for. */
export interface Shown {
  readonly bytes: Buffer
  readonly query: string
}

let scene: ReturnType<typeof renderScene> | undefined
let seed = 0

/** Returns a drawn scene with noise of `range` levels at most, which is different for each call. */
async function drawn(width: number, height: number, range = 4): Promise<sharp.Sharp> {
  const { data: pixels, ...size } = await (scene ??= renderScene('harbour'))
  const { data, info } = await sharp(pixels, { raw: { ...size, channels: 4 } })
    .removeAlpha()
    .resize(width, height, { fit: 'fill' })
    .raw()
    .toBuffer({ resolveWithObject: true })
  let state = (++seed * 2654435761) >>> 0
  for (let i = 0; i < data.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0 // Knuth & Lewis
    data[i] = Math.max(0, Math.min(255, data[i] + (state / 2 ** 31 - 1) * range))
  }
  return sharp(data, { raw: info })
}

/** Returns JPEGs of 480x320. */
export async function smallPictures(count: number): Promise<Shown[]> {
  const make = async () => ({ bytes: await (await drawn(480, 320)).jpeg({ quality: 85 }).toBuffer(), query: 'sr=2' })
  return Promise.all(Array.from({ length: count }, make))
}

/** Returns a JPEG of 6.25 MP, whose result has 25 MP, and six PNGs of 4 MB. */
export async function largePictures(): Promise<Shown[]> {
  const png = async () => ({ bytes: await (await drawn(1250, 1000, 24)).png().toBuffer(), query: 'sr=2' })
  return [await largestJpeg(), ...(await Promise.all(Array.from({ length: 6 }, png)))]
}

/** Returns the dearest pictures: a JPEG whose result has 25 MP, and a PNG with alpha by `srcnn`. */
export async function dearestPictures(): Promise<Shown[]> {
  const alpha = (await drawn(760, 760)).ensureAlpha(0.5)
  return [await largestJpeg(), { bytes: await alpha.png().toBuffer(), query: 'sr=2&sr-model=srcnn' }]
}

async function largestJpeg(): Promise<Shown> {
  return { bytes: await (await drawn(2500, 2500)).jpeg({ quality: 85 }).toBuffer(), query: 'sr=2' }
}

/** Returns pictures that take much memory, by kind: large files, and results that are held as a whole. */
export async function heavyPictures(): Promise<Map<string, Shown[]>> {
  const photo = async (width: number, height: number, range: number, query: string) => {
    return { bytes: await (await drawn(width, height, range)).jpeg({ quality: 88 }).toBuffer(), query }
  }
  const deep = (await drawn(900, 900, 40)).toColourspace('rgb16')
  const alpha = (await drawn(760, 760)).ensureAlpha(0.5)
  const asAlpha = async (bytes: Promise<Buffer>) => ({ bytes: await bytes, query: 'sr=2' })
  const kinds: [string, Shown[]][] = [
    ['JPEGs of 16 MP to 1280', [await photo(4600, 3450, 40, 'sr-width=1280')]],
    ['JPEGs of 16 MP, x2, which is too large', [await photo(4600, 3450, 24, 'sr=2')]],
    ['16-bit PNGs', [{ bytes: await deep.png().toBuffer(), query: 'sr-width=640' }]],
    [
      '760² with alpha as WebP and PNG',
      await Promise.all([alpha.clone().webp(), alpha.clone().png()].map((one) => asAlpha(one.toBuffer()))),
    ],
    ['photographs of 12 MP to 1280', [await photo(4032, 3024, 12, 'sr-width=1280')]],
  ]
  return new Map([...kinds, ['all of these', kinds.flatMap(([, shown]) => shown)]])
}
