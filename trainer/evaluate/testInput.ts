// What a method is given of a picture: how the truth became small. degrade.ts has the two kinds that
// training knows; evaluation adds small pictures that somebody compressed.
import { type Codec, createCodec } from '../../worker/codec/codec.ts'
import { loadCodecModules } from '../../worker/platform/nodeFiles.ts'
import type { Rgba } from '../../worker/image/plane.ts'
import { integerOf, hintOf, UsageError } from '../../worker/terminal/arguments.ts'
import { compressPicture } from '../data/compress.ts'
import { type InputKind, INPUTS, shrinkPicture } from '../data/degrade.ts'

/**
 * `float`: luma, not rounded, as papers measure. `uint8`: an 8-bit RGB picture, as a service receives it.
 * `jpeg:40`: that picture as a JPEG of quality 40 (1 to 100, Annex K's tables, 4:2:0).
 */
export type TestInput = InputKind | `jpeg:${number}`

const JPEG = /^jpeg:(.*)$/

/** Throws a UsageError for what is none. */
export function parseTestInput(text: string): TestInput {
  const known = INPUTS.find((kind) => kind === text)
  if (known !== undefined) return known
  const quality = JPEG.exec(text)?.[1]
  if (quality !== undefined) return `jpeg:${integerOf(quality, 'input jpeg:', 1, 100)}`
  const hint = hintOf(text, [...INPUTS, 'jpeg:40'])
  throw new UsageError(`expected --input to be float, uint8 or jpeg:QUALITY, got "${text}"${hint}`)
}

/** Made when first needed: compiling it takes longer than using it. */
let codec: Codec | undefined

/** The 8-bit picture that `input`, one of those that give 8-bit pictures, makes of a truth; opaque. */
export async function smallPictureOf(truth: Rgba, scale: number, input: Exclude<TestInput, 'float'>): Promise<Rgba> {
  const small = shrinkPicture(truth, scale)
  if (input === 'uint8') return small
  codec ??= createCodec(await loadCodecModules())
  const quality = Number(input.slice('jpeg:'.length))
  return compressPicture(codec, small, { quality, subsampling: '4:2:0', steps: 'annex-k' })
}
