// Small pictures of large patches whose files say what their colours mean, in every way that browsers know. Levels are
// far from black and white, where a coding with a steep curve would make a loss of compression visible.
import sharp from 'sharp'
import { deflateSync } from 'node:zlib'
import { concat } from '../../../worker/base/concat.ts'
import {
  gammaCurve,
  greyProfile,
  iccChunk,
  iccSegment,
  parametricCurve,
  rgbProfile,
  sampledCurve,
  withSegments,
} from './icc.ts'
import { jpegSegment, latin1, riffChunk } from '../../fuzz/encode.ts'
import { PNG_SIGNATURE } from './pngFile.ts'
import { miscounted, pngChunk, words } from './png.ts'

const PATCH = 16
const PATCHES = [
  [128, 128, 128],
  [70, 70, 70],
  [200, 200, 200],
  [200, 90, 80],
  [90, 190, 100],
  [90, 100, 200],
] as const
const WIDTH = PATCH * PATCHES.length

/** Samples of a pixel, as PNG counts colour types. */
const LEVELS: Readonly<Record<PngKind, (patch: number) => readonly number[]>> = {
  grey: (patch) => [PATCHES[patch][1]],
  greyAlpha: (patch) => [PATCHES[patch][1], 255],
  palette: (patch) => [patch],
  rgb: (patch) => PATCHES[patch],
  rgba: (patch) => [...PATCHES[patch], 255],
  rgb16: (patch) => PATCHES[patch].flatMap((level) => [level, level]),
  grey16: (patch) => [PATCHES[patch][1], PATCHES[patch][1]],
}
type PngKind = 'grey' | 'greyAlpha' | 'palette' | 'rgb' | 'rgba' | 'rgb16' | 'grey16'
const COLOR_TYPES = { grey: 0, grey16: 0, rgb: 2, rgb16: 2, palette: 3, greyAlpha: 4, rgba: 6 } as const

export interface PatchesSpec {
  readonly kind?: PngKind
  /** Chunks before and behind the palette, and behind the pixels. */
  readonly before?: readonly Uint8Array[]
  readonly between?: readonly Uint8Array[]
  readonly after?: readonly Uint8Array[]
}

export function patchesPng({ kind = 'rgb', before = [], between = [], after = [] }: PatchesSpec = {}): Uint8Array {
  const row = Uint8Array.from([
    0,
    ...Array.from({ length: WIDTH }, (_, x) => LEVELS[kind](Math.floor(x / PATCH))).flat(),
  ])
  const head = Uint8Array.of(kind.endsWith('16') ? 16 : 8, COLOR_TYPES[kind], 0, 0, 0)
  return concat([
    PNG_SIGNATURE,
    pngChunk('IHDR', concat([words(WIDTH, PATCH), head])),
    ...before,
    ...(kind === 'palette' ? [pngChunk('PLTE', Uint8Array.from(PATCHES.flat()))] : []),
    ...between,
    pngChunk('IDAT', new Uint8Array(deflateSync(concat(Array.from({ length: PATCH }, () => row))))),
    ...after,
    pngChunk('IEND', new Uint8Array(0)),
  ])
}

export const SRGB = [0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06]
export const P3 = [0.3127, 0.329, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06]
/** sRGB with red and green swapped. */
export const SWAPPED = [0.3127, 0.329, 0.3, 0.6, 0.64, 0.33, 0.15, 0.06]

export const gAMA = (gamma: number) => pngChunk('gAMA', words(Math.round(1e5 * gamma)))
export const cHRM = (...values: number[]) => pngChunk('cHRM', words(...values.map((one) => Math.round(1e5 * one))))
export const cICP = (...values: number[]) => pngChunk('cICP', Uint8Array.from(values))
export const sRGB = (intent = 0) => pngChunk('sRGB', Uint8Array.of(intent))

const LINEAR = rgbProfile(gammaCurve(1))
const GREY = greyProfile(gammaCurve(1.8))

/** PNG files, each with what is special about its colours. */
export const COLOURED_PNGS: readonly (readonly [name: string, file: Uint8Array])[] = [
  ['nothing', patchesPng()],
  ['gAMA of 1', patchesPng({ before: [gAMA(1)] })],
  ['gAMA of an old Macintosh', patchesPng({ before: [gAMA(0.551)] })],
  ['gAMA of sRGB', patchesPng({ before: [gAMA(0.45455)] })],
  ['gAMA near that of sRGB', patchesPng({ before: [gAMA(0.47)] })],
  ['gAMA of 0', patchesPng({ before: [gAMA(0)] })],
  ['gAMA of 0.1', patchesPng({ before: [gAMA(0.1)] })],
  ['gAMA of 5', patchesPng({ before: [gAMA(5)] })],
  ['gAMA of 21474', patchesPng({ before: [gAMA(21_474)] })],
  ['gAMA with a wrong checksum', patchesPng({ before: [miscounted(gAMA(1))] })],
  ['gAMA of a wrong length', patchesPng({ before: [pngChunk('gAMA', Uint8Array.of(0, 1, 134))] })],
  ['two gAMA', patchesPng({ before: [gAMA(0.551), gAMA(1)] })],
  ['gAMA behind the pixels', patchesPng({ after: [gAMA(1)] })],
  ['cHRM without gAMA', patchesPng({ before: [cHRM(...SWAPPED)] })],
  ['gAMA and cHRM of sRGB', patchesPng({ before: [gAMA(0.45455), cHRM(...SRGB)] })],
  ['gAMA and cHRM of Display P3', patchesPng({ before: [gAMA(0.45455), cHRM(...P3)] })],
  ['cHRM with swapped primaries', patchesPng({ before: [cHRM(...SWAPPED), gAMA(0.45455)] })],
  ['cHRM with another white', patchesPng({ before: [gAMA(0.5), cHRM(0.3457, 0.3585, ...SRGB.slice(2))] })],
  ['cHRM with a warm white', patchesPng({ before: [gAMA(0.5), cHRM(0.45, 0.41, ...SRGB.slice(2))] })],
  ['cHRM of zeros', patchesPng({ before: [gAMA(1), cHRM(0, 0, 0, 0, 0, 0, 0, 0)] })],
  ['cHRM beyond all light', patchesPng({ before: [gAMA(1), cHRM(0.3, 0.3, 5, 0.3, 0.3, 5, 0.1, 0.1)] })],
  ['cHRM with a wrong checksum', patchesPng({ before: [gAMA(0.551), miscounted(cHRM(...SWAPPED))] })],
  ['sRGB and gAMA', patchesPng({ before: [gAMA(1), sRGB()] })],
  ['sRGB with a wrong checksum, and gAMA', patchesPng({ before: [miscounted(sRGB()), gAMA(1)] })],
  ['sRGB of an unknown intent, and gAMA', patchesPng({ before: [sRGB(9), gAMA(1)] })],
  ['sRGB of a wrong length, and gAMA', patchesPng({ before: [pngChunk('sRGB', new Uint8Array(2)), gAMA(1)] })],
  ['iCCP', patchesPng({ before: [iccChunk(LINEAR)] })],
  ['iCCP and gAMA', patchesPng({ before: [gAMA(0.3), iccChunk(LINEAR)] })],
  ['iCCP and sRGB', patchesPng({ before: [sRGB(), iccChunk(LINEAR)] })],
  ['iCCP with a wrong checksum, and gAMA', patchesPng({ before: [miscounted(iccChunk(LINEAR)), gAMA(0.3)] })],
  ['iCCP that is no profile, and gAMA', patchesPng({ before: [iccChunk(new Uint8Array(200)), gAMA(1)] })],
  ['iCCP that is not deflated, and gAMA', patchesPng({ before: [iccChunk(LINEAR, () => latin1('???')), gAMA(1)] })],
  ['iCCP cut short, and gAMA', patchesPng({ before: [iccChunk(LINEAR, (all) => all.subarray(0, -90)), gAMA(1)] })],
  ['iCCP with bytes behind it', patchesPng({ before: [iccChunk(LINEAR, (all) => concat([all, latin1('behind')]))] })],
  [
    'iCCP of a later version, and gAMA',
    patchesPng({ before: [iccChunk(rgbProfile(gammaCurve(1), { version: 5 })), gAMA(0.3)] }),
  ],
  [
    'iCCP of CMYK, and gAMA',
    patchesPng({ before: [iccChunk(LINEAR.map((byte, i) => latin1('CMYK')[i - 16] ?? byte)), gAMA(1)] }),
  ],
  ['iCCP for grey in an RGB file', patchesPng({ before: [iccChunk(GREY), gAMA(0.3)] })],
  ['iCCP for grey in a palette', patchesPng({ kind: 'palette', before: [iccChunk(GREY)] })],
  ['iCCP for RGB in a grey file', patchesPng({ kind: 'grey', before: [iccChunk(LINEAR)] })],
  ['iCCP for grey', patchesPng({ kind: 'grey', before: [iccChunk(GREY)] })],
  ['iCCP for grey, beside alpha', patchesPng({ kind: 'greyAlpha', before: [iccChunk(GREY)] })],
  [
    'iCCP for grey, sampled',
    patchesPng({ kind: 'grey', before: [iccChunk(greyProfile(sampledCurve((x) => x ** 1.3)))] }),
  ],
  [
    'iCCP for grey, parametric',
    patchesPng({ kind: 'grey16', before: [iccChunk(greyProfile(parametricCurve(0, 1.2), { version: 4 }))] }),
  ],
  ['cICP of Display P3', patchesPng({ before: [cICP(12, 13, 0, 1)] })],
  ['cICP of sRGB, and gAMA', patchesPng({ before: [cICP(1, 13, 0, 1), gAMA(1)] })],
  ['cICP of sRGB, and iCCP', patchesPng({ before: [iccChunk(LINEAR), cICP(1, 13, 0, 1)] })],
  ['cICP of BT.2020 with a gamma of 2.2', patchesPng({ before: [cICP(9, 4, 0, 1)] })],
  ['cICP of DCI-P3 with a gamma of 2.8', patchesPng({ before: [cICP(11, 5, 0, 1)] })],
  ['cICP of PAL', patchesPng({ before: [cICP(5, 13, 0, 1)] })],
  ['cICP of NTSC', patchesPng({ before: [cICP(6, 13, 0, 1)] })],
  ['cICP of linear light', patchesPng({ before: [cICP(1, 8, 0, 1)] })],
  ['cICP that leaves the coding open, and gAMA', patchesPng({ before: [cICP(2, 2, 0, 1), gAMA(1)] })],
  ['cICP of a wrong length, and gAMA', patchesPng({ before: [cICP(12, 13), gAMA(1)] })],
  ['cICP with a wrong checksum', patchesPng({ before: [miscounted(cICP(12, 13, 0, 1))] })],
  [
    'cICP behind the palette, and gAMA',
    patchesPng({ kind: 'palette', before: [gAMA(1)], between: [cICP(12, 13, 0, 1)] }),
  ],
  ['gAMA of a palette', patchesPng({ kind: 'palette', before: [gAMA(1)] })],
  ['gAMA and cHRM behind the palette', patchesPng({ kind: 'palette', between: [gAMA(1), cHRM(...P3)] })],
  ['gAMA of RGB with alpha', patchesPng({ kind: 'rgba', before: [gAMA(1)] })],
  ['gAMA and cHRM of 16 bits', patchesPng({ kind: 'rgb16', before: [gAMA(1), cHRM(...P3)] })],
  ['gAMA of grey', patchesPng({ kind: 'grey', before: [gAMA(0.551)] })],
  ['gAMA of grey with alpha', patchesPng({ kind: 'greyAlpha', before: [gAMA(1)] })],
  ['gAMA of grey with 16 bits', patchesPng({ kind: 'grey16', before: [gAMA(1)] })],
  ['gAMA and cHRM of grey', patchesPng({ kind: 'grey', before: [gAMA(1), cHRM(...P3)] })],
  ['cICP of grey', patchesPng({ kind: 'grey', before: [cICP(12, 8, 0, 1)] })],
  ['sBIT', patchesPng({ before: [pngChunk('sBIT', Uint8Array.of(5, 6, 5))] })],
]

/** PNG files whose colours no profile describes, or which browsers show in different ways. */
export const REFUSED_PNGS: readonly (readonly [name: string, file: Uint8Array])[] = [
  ['cICP of high dynamic range (PQ)', patchesPng({ before: [cICP(9, 16, 0, 1)] })],
  ['cICP of high dynamic range (HLG)', patchesPng({ before: [cICP(9, 18, 0, 1)] })],
  ['cICP of video', patchesPng({ before: [cICP(1, 1, 0, 1)] })],
  ['cICP of a narrow range', patchesPng({ before: [cICP(12, 13, 0, 0)] })],
  ['cICP of luma and chroma', patchesPng({ before: [cICP(12, 13, 1, 1)] })],
  ['cHRM on one line', patchesPng({ before: [gAMA(1), cHRM(0.3127, 0.329, 0.6, 0.3, 0.5, 0.3, 0.4, 0.3)] })],
  ['cHRM without light in white', patchesPng({ before: [gAMA(1), cHRM(0.3127, 0, ...SRGB.slice(2))] })],
]

/** Returns JPEG, WebP and BMP files, each with what is special about its colours or its orientation. */
export async function colouredFiles(): Promise<[name: string, file: Uint8Array][]> {
  const lossless = { quality: 100, chromaSubsampling: '4:4:4' } as const
  const rgb = new Uint8Array(await sharp(patchesPng()).jpeg(lossless).toBuffer())
  const grey = new Uint8Array(
    await sharp(patchesPng({ kind: 'grey' }))
      .toColourspace('b-w')
      .jpeg(lossless)
      .toBuffer(),
  )
  const webp = new Uint8Array(await sharp(patchesPng()).webp({ lossless: true }).toBuffer())
  const [head, tail] = [LINEAR.subarray(0, 200), LINEAR.subarray(200)]
  const parts = (...numbers: [part: Uint8Array, number: number, count: number][]) =>
    withSegments(rgb, ...numbers.map((one) => iccSegment(...one)))
  const other = rgbProfile(gammaCurve(3))
  const none = new Uint8Array(0)
  const turned = concat([
    latin1('II*\0'),
    Uint8Array.of(8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0),
  ])
  const exif = (...prefix: number[]) => jpegSegment(0xe1, concat([latin1('Exif'), Uint8Array.from(prefix), turned]))
  return [
    ['JPEG without a profile', rgb],
    ['JPEG with a profile', parts([LINEAR, 1, 1])],
    ['JPEG with a profile in two parts', parts([head, 1, 2], [tail, 2, 2])],
    ['JPEG with a profile in two parts, the last one first', parts([tail, 2, 2], [head, 1, 2])],
    ['JPEG with the same profile twice', parts([LINEAR, 1, 1], [LINEAR, 1, 1])],
    ['JPEG with two profiles', parts([LINEAR, 1, 1], [other, 1, 1])],
    ['JPEG with an empty profile and another one', parts([none, 1, 1], [LINEAR, 1, 1])],
    ['JPEG with a profile whose last part is there twice', parts([head, 1, 2], [tail, 2, 2], [tail, 2, 2])],
    ['JPEG with a profile whose first part is there twice', parts([head, 1, 2], [head, 1, 2], [tail, 2, 2])],
    ['JPEG with a profile without its second part', parts([LINEAR, 1, 2])],
    ['JPEG with parts of no profile', parts([LINEAR, 0, 0])],
    ['JPEG with parts from 0', parts([LINEAR, 0, 1])],
    ['JPEG with parts that count differently', parts([head, 1, 2], [tail, 2, 3])],
    ['JPEG with a profile behind the pixels', concat([rgb.subarray(0, -2), iccSegment(LINEAR), rgb.subarray(-2)])],
    ['JPEG with a profile that states too many bytes', parts([rgbProfile(gammaCurve(1), { statedBytes: 9999 }), 1, 1])],
    ['JPEG with a profile that states no bytes', parts([rgbProfile(gammaCurve(1), { statedBytes: 0 }), 1, 1])],
    ['JPEG with bytes behind its profile', parts([concat([LINEAR, new Uint8Array(99)]), 1, 1])],
    ['JPEG of RGB with a profile for grey', parts([GREY, 1, 1])],
    ['grey JPEG with a profile for RGB', withSegments(grey, iccSegment(LINEAR))],
    ['grey JPEG with a profile for grey', withSegments(grey, iccSegment(GREY))],
    ['grey JPEG with Dot Gain', withSegments(grey, iccSegment(greyProfile(sampledCurve((x) => x ** 1.3))))],
    [
      'grey JPEG with a profile for grey in Lab',
      withSegments(grey, iccSegment(greyProfile(gammaCurve(1), { connection: 'Lab ' }))),
    ],
    ['JPEG turned by EXIF', withSegments(rgb, exif(0, 0))],
    ['JPEG turned by EXIF with 255 in its prefix', withSegments(rgb, exif(0, 255))],
    ['JPEG turned by EXIF with 1 in its prefix', withSegments(rgb, exif(0, 1))],
    ['JPEG with EXIF without the zero in its prefix', withSegments(rgb, exif(32, 0))],
    ['JPEG turned by EXIF behind an empty one', withSegments(rgb, jpegSegment(0xe1, latin1('Exif\0\0')), exif(0, 0))],
    ['WebP with a profile', profiledWebp(webp, LINEAR)],
    ['WebP with a profile for grey', profiledWebp(webp, GREY)],
    ['WebP with a profile that its flags deny', profiledWebp(webp, LINEAR, 0)],
  ]
}

/** Returns a WebP with a profile; `webp` is a file without VP8X. */
function profiledWebp(webp: Uint8Array, icc: Uint8Array, flags = 0x20): Uint8Array {
  const extended = Uint8Array.of(flags, 0, 0, 0, WIDTH - 1, 0, 0, PATCH - 1, 0, 0)
  return riffChunk(
    'RIFF',
    concat([latin1('WEBP'), riffChunk('VP8X', extended), riffChunk('ICCP', icc), webp.subarray(12)]),
  )
}
