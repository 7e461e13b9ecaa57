// The inputs of an evaluation: how the small picture is made from the truth. The kinds `float` and `uint8` are in
// degrade.ts, because training uses them too. This module adds JPEG at a fixed quality.
import { createCodec } from '../../worker/codec/codec.ts'
import type { Codec } from '../../worker/codec/contract.ts'
import type { Rgba } from '../../worker/image/plane.ts'
import { loadCodecModules } from '../../worker/platform/nodeFiles.ts'
import { integerOf, hintOf, UsageError } from '../../worker/terminal/arguments.ts'
import { compressPicture } from '../data/compress.ts'
import { type InputKind, INPUTS, shrinkPicture } from '../data/degrade.ts'

/**
 * `float`: luma, not rounded, as papers measure. `uint8`: an 8-bit RGB picture, as a service receives it.
 * `jpeg:40`: the 8-bit picture after JPEG compression by MozJPEG at quality 40 (1 to 100, Annex K's tables, 4:2:0).
 */
export type TestInput = InputKind | `jpeg:${number}`

const JPEG = /^jpeg:(.*)$/

/** Parses one value of --input. Throws a UsageError for an unknown value. */
export function parseTestInput(text: string): TestInput {
  const known = INPUTS.find((kind) => kind === text)
  if (known !== undefined) return known
  const quality = JPEG.exec(text)?.[1]
  if (quality !== undefined) return `jpeg:${integerOf(quality, 'input jpeg:', 1, 100)}`
  const hint = hintOf(text, [...INPUTS, 'jpeg:40'])
  throw new UsageError(`expected --input to be float, uint8 or jpeg:QUALITY, got "${text}"${hint}`)
}

/** The codec, created on first use and kept, because compiling it takes longer than compressing a picture. */
let codec: Codec | undefined

/** Returns the small picture for `input`, made from the truth. It is opaque and has 8 bits per channel. */
export async function smallPictureOf(truth: Rgba, scale: number, input: Exclude<TestInput, 'float'>): Promise<Rgba> {
  const small = shrinkPicture(truth, scale)
  if (input === 'uint8') return small
  codec ??= createCodec(await loadCodecModules())
  const quality = Number(input.slice('jpeg:'.length))
  return compressPicture(codec, small, { quality, encoder: 'mozjpeg', subsampling: '4:2:0', steps: 'annex-k' })
}
