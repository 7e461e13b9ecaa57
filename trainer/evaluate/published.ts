// Published figures to compare ours with: PSNR in dB and SSIM on luma, means over Set5 and Set14.
//
// - SRCNN and bicubic: the authors' released weights, measured by this project's protocol. The figures agree
//   with the papers' tables (Dong et al., ECCV 2014 and TPAMI 38(2), 2016) to 0.01 dB. 9-1-5 trained on
//   ImageNet was released for x3 only.
// - The other methods: tables 2 and 3 of the TPAMI paper. Later papers confirm A+ on Set5; the other
//   figures are transcribed, not measured.
// - `uint8`: the released weights, measured on the luma of an 8-bit RGB picture, PSNR only.
// - Seconds per picture: from the TPAMI paper, for the authors' C++ on their CPU. The paper has no other times.
import type { TestInput } from './testInput.ts'

export interface PublishedFigures {
  /** PSNR in dB. */
  readonly psnr: number
  readonly ssim?: number
  /** Seconds per picture on the authors' machine. */
  readonly seconds?: number
}

export const PUBLISHED_METHODS = [
  'Bicubic',
  'SC',
  'NE+LLE',
  'KK',
  'ANR',
  'A+',
  '9-1-5, T91',
  '9-1-5, ImageNet',
  '9-5-5, ImageNet',
] as const
export type PublishedMethod = (typeof PUBLISHED_METHODS)[number]

/** Values at x2, x3 and x4; undefined if nothing was published. */
type Row<T> = readonly (T | undefined)[]
type Table = Readonly<Partial<Record<PublishedMethod, Row<PublishedFigures>>>>

const TABLES: Readonly<Record<string, Table>> = {
  'Set5 float': {
    Bicubic: row([33.6614, 30.3922, 28.4207], [0.9299, 0.8682, 0.8104]),
    SC: row([undefined, 31.42, undefined], [undefined, 0.8821, undefined]),
    'NE+LLE': row([35.77, 31.84, 29.61], [0.949, 0.8956, 0.8402]),
    KK: row([36.2, 32.28, 30.03], [0.9511, 0.9033, 0.8541]),
    ANR: row([35.83, 31.92, 29.69], [0.9499, 0.8968, 0.8419]),
    'A+': row([36.54, 32.59, 30.28], [0.9544, 0.9088, 0.8603]),
    '9-1-5, T91': row([36.3422, 32.3897, 30.0808], [0.9521, 0.9033, 0.853]),
    '9-1-5, ImageNet': row([undefined, 32.5155], [undefined, 0.9056], [undefined, 0.18]),
    '9-5-5, ImageNet': row([36.6564, 32.7487, 30.484], [0.9542, 0.909, 0.8628]),
  },
  'Set14 float': {
    Bicubic: row([30.2318, 27.5405, 26.0001], [0.8687, 0.7736, 0.7019]),
    SC: row([undefined, 28.31, undefined], [undefined, 0.7954, undefined]),
    'NE+LLE': row([31.76, 28.6, 26.81], [0.8993, 0.8076, 0.7331]),
    KK: row([32.11, 28.94, 27.14], [0.9026, 0.8132, 0.7419]),
    ANR: row([31.8, 28.65, 26.85], [0.9004, 0.8093, 0.7352]),
    'A+': row([32.28, 29.13, 27.32], [0.9056, 0.8188, 0.7491]),
    '9-1-5, T91': row([32.1757, 29.0032, 27.2019], [0.9039, 0.8145, 0.7413]),
    '9-1-5, ImageNet': row([undefined, 29.1307], [undefined, 0.8165], [undefined, 0.39]),
    '9-5-5, ImageNet': row([32.4539, 29.2919, 27.5018], [0.9067, 0.8215, 0.7513]),
  },
  'Set5 uint8': {
    Bicubic: row([33.6396, 30.385, 28.4165]),
    '9-1-5, T91': row([36.2695, 32.3626, 30.0672]),
  },
  'Set14 uint8': {
    Bicubic: row([30.2183, 27.5303, 25.9903]),
    '9-1-5, T91': row([32.1139, 28.9705, 27.1745]),
  },
}

/** PSNR of `9-1-5, T91` on each picture of Set5 from float input. Their mean is the figure in TABLES. */
const SET5_PICTURES: Readonly<Record<string, Row<PublishedFigures>>> = {
  baby: row([38.3003, 35.0111, 32.9819]),
  bird: row([40.639, 34.9029, 31.9725]),
  butterfly: row([32.1995, 27.5756, 25.0606]),
  head: row([35.6373, 33.5478, 32.1854]),
  woman: row([34.9352, 30.911, 28.2038]),
}

function row(psnrs: Row<number>, ssims: Row<number> = [], seconds: Row<number> = []) {
  return psnrs.map((psnr, i) => psnr && { psnr, ssim: ssims[i], seconds: seconds[i] }) as Row<PublishedFigures>
}

/**
 * Returns the figures of a method. Undefined if nothing was published, for example for sets other than Set5 and Set14.
 */
export function publishedOf(
  method: PublishedMethod,
  set: string,
  scale: number,
  input: TestInput,
): PublishedFigures | undefined {
  return TABLES[`${set} ${input}`]?.[method]?.[scale - 2]
}

/** Returns the figures of SRCNN 9-1-5, trained on T91, for one picture of Set5, e.g. `butterfly`, from float input. */
export function publishedPicture(set: string, picture: string, scale: number) {
  return set === 'Set5' ? SET5_PICTURES[picture]?.[scale - 2] : undefined
}
