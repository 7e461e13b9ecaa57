// MozJPEG (@jsquash/jpeg), with which the pictures for the published -jpeg weights were compressed. It differs from
// other encoders in one feature that cannot be switched off here: trellis quantisation, which drops coefficients that
// cost more bits than they are worth.
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import createModule from '@jsquash/jpeg/codec/enc/mozjpeg_enc.js'
import type { JpegVariant } from '../../worker/codec/jpeg/variant.ts'
import { hasColor, type Rgba } from '../../worker/image/plane.ts'

interface MozJpeg {
  encode(pixels: Rgba['data'], width: number, height: number, options: object): Uint8Array
}

/** MozJPEG's codes for a JpegVariant: luma samples per chroma sample along a side, and the index of a step table. */
const CHROMA_SUBSAMPLE = { '4:2:0': 2, '4:4:4': 1 } as const
const QUANT_TABLE = { robidoux: 3, 'annex-k': 0 } as const

const GREY = 1
const YCBCR = 3

/** MozJPEG's settings as jSquash names them. With trellis_loops: 0, this build would divide by zero. */
const SETTINGS = {
  baseline: true,
  arithmetic: false,
  progressive: false,
  optimize_coding: true,
  smoothing: 0,
  trellis_multipass: false,
  trellis_opt_zero: false,
  trellis_opt_table: false,
  trellis_loops: 1,
  auto_subsample: false,
  separate_chroma_quality: false,
  chroma_quality: 75,
}

let loaded: Promise<MozJpeg> | undefined

/** Encodes an opaque picture as a baseline JPEG, at a quality from 1 to 100 on the scale of the IJG's libjpeg. */
export async function encodeByMozJpeg(
  picture: Rgba,
  quality: number,
  { subsampling, steps }: JpegVariant,
): Promise<Uint8Array> {
  loaded ??= load()
  return (await loaded).encode(picture.data, picture.width, picture.height, {
    ...SETTINGS,
    quality,
    color_space: hasColor(picture) ? YCBCR : GREY,
    quant_table: QUANT_TABLE[steps],
    chroma_subsample: CHROMA_SUBSAMPLE[subsampling],
  })
}

async function load(): Promise<MozJpeg> {
  const path = createRequire(import.meta.url).resolve('@jsquash/jpeg/codec/enc/mozjpeg_enc.wasm')
  const options: object = { wasmBinary: await readFile(path) }
  return createModule(options)
}
