// The quality test: the picture is shrunk and then restored by bicubic and by the network. Both results are compared
// with the original, which is called the truth.
import { readHeader } from '../codec/header.ts'
import type { Rgba } from '../image/plane.ts'
import { decide } from '../picture/plan.ts'
import { orSkip, Skip } from '../picture/skip.ts'
import { madeBy, pictureBlob, type EnlargeContext } from './makeHere.ts'
import { cropToMultiple, isLargeEnough, MAX_TRUTH_PIXELS, restore, shrinkBy } from './measure.ts'
import type { EnlargeResult } from './messages.ts'
import type { Opened } from './openFile.ts'
import { Refusal } from './refusal.ts'

const LOSSLESS = { format: 'png', quality: 100 } as const

/**
 * Runs the quality test. Measures the network's result before it is encoded, so that a lossy format does not change the
 * figures.
 */
export async function tryOut(
  { bytes, header, isDecodedByBrowser }: Opened,
  scale: number,
  { wish, choices, deps, platform, tell, watch }: EnlargeContext,
): Promise<Omit<EnlargeResult, 'ms'>> {
  if (header.obstacle) throw new Skip(header.obstacle)
  if (header.width * header.height > MAX_TRUTH_PIXELS) {
    throw new Refusal(`for the test a picture may have at most ${MAX_TRUTH_PIXELS / 1e6} megapixels`)
  }
  if (!isLargeEnough(header, scale)) throw new Refusal('the picture is too small for the test')
  const { codec, enlarger, shrinker } = platform
  tell('decode', 0)
  const truth = cropToMultiple(await orSkip('DECODE', codec.decode(bytes, header)), scale)
  const small = await shrinkBy(truth, scale, shrinker)
  const png = await codec.encode(small, LOSSLESS)
  const smallHeader = readHeader(png)
  const decision = await decide({ header: smallHeader, bytes: png.length }, wish, choices, deps)
  const { model, plan } = decision
  const tools = watch(decision, smallHeader)
  const restored = await orSkip('ENGINE', restore(small, truth, scale, model, tools.enlarger))
  tell('measure', 0)
  const bicubic = model ? await restore(small, truth, scale, undefined, enlarger) : restored
  const file = await orSkip('ENCODE', tools.codec.encode(restored.picture, plan))
  const lossless = async (picture: Rgba) => {
    const encoded = await codec.encode(picture, LOSSLESS)
    return new Blob([encoded as BlobPart], { type: 'image/png' })
  }
  return {
    before: pictureBlob(new Blob([png as BlobPart]), smallHeader),
    after: pictureBlob(new Blob([file as BlobPart]), readHeader(file)),
    ...madeBy(decision),
    elsewhere: undefined,
    isDecodedByBrowser,
    measured: {
      bicubic: bicubic.closeness,
      network: model && restored.closeness,
      bicubicFile: await lossless(bicubic.picture),
      truthFile: await lossless(truth),
    },
  }
}
