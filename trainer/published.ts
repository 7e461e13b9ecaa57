// Figures to stand beside ours. PSNR in dB and SSIM on luma, means over the set.
//
// Bicubic, and SRCNN 9-1-5 trained on T91 (Dong et al., ECCV 2014 and TPAMI 2016): the authors'
// released weights under this project's protocol; they agree with the papers' tables to 0.01 dB.
// The uint8 rows start from an 8-bit RGB picture and were measured on luma alone, PSNR only.
import type { InputKind } from './degrade.ts'

export interface Published {
  readonly psnr: number
  readonly ssim?: number
}

type ByScale = Readonly<Record<number, Published>>

function row(psnrs: readonly number[], ssims: readonly number[] = []): ByScale {
  return Object.fromEntries(psnrs.map((psnr, i) => [i + 2, { psnr, ssim: ssims[i] }]))
}

const BICUBIC: Readonly<Record<string, ByScale>> = {
  'Set5 float': row([33.6614, 30.3922, 28.4207], [0.9299, 0.8682, 0.8104]),
  'Set14 float': row([30.2318, 27.5405, 26.0001], [0.8687, 0.7736, 0.7019]),
  'Set5 uint8': row([33.6396, 30.385, 28.4165]),
  'Set14 uint8': row([30.2183, 27.5303, 25.9903]),
}

const SRCNN_T91: Readonly<Record<string, ByScale>> = {
  'Set5 float': row([36.3422, 32.3897, 30.0808], [0.9521, 0.9033, 0.853]),
  'Set14 float': row([32.1757, 29.0032, 27.2019], [0.9039, 0.8145, 0.7413]),
  'Set5 uint8': row([36.2695, 32.3626, 30.0672]),
  'Set14 uint8': row([32.1139, 28.9705, 27.1745]),
}

export function publishedBicubic(set: string, scale: number, input: InputKind) {
  return BICUBIC[`${set} ${input}`]?.[scale]
}

/** 9-1-5 with 64 and 32 channels, trained on T91: what a network of this size is compared with. */
export function publishedSrcnn(set: string, scale: number, input: InputKind) {
  return SRCNN_T91[`${set} ${input}`]?.[scale]
}
