// Estimates the cost of a picture from its header only. Compiled codecs and kernels cannot be interrupted, so work that
// costs too much must be refused before it begins. The estimates are upper bounds; `npm run bench -- memory` and `npm
// run bench -- request` measure the real cost.
import type { Divisor, EncodeFormat } from '../codec/contract.ts'
import { type Header, uprightSize } from '../codec/header.ts'
import type { ImageType } from '../codec/header/sniff.ts'
import { type Model, slabRowsOf } from '../engine/upscale.ts'
import { costOf as macsPerPixel } from '../model/network.ts'

export interface Cost {
  /** Milliseconds of CPU time on the machine on which the README's figures were measured. */
  readonly cpuMs: number
  /** Peak memory in bytes. */
  readonly memoryBytes: number
}

interface PixelCost {
  readonly ns: number
  readonly bytes: number
}

/**
 * Cost of decoding per pixel of the source. JPEG and PNG are decoded by rows, other formats and interlaced PNG as a whole.
 * An interlaced PNG takes its pixels and, to put them in their places, up to 20 ns more than others.
 * Photon (GIF, BMP) holds the pixels twice. WebP takes 5 bytes and 38 ns if it is lossy and opaque, 11 bytes and 60 ns
 * with alpha, and up to 11 bytes and 72 ns if it is lossless, which its header does not tell. Noise takes 12 bytes and
 * 113 ns.
 */
const DECODING: Partial<Record<ImageType, PixelCost>> = {
  jpeg: { ns: 15, bytes: 0 },
  png: { ns: 30, bytes: 0 },
  webp: { ns: 75, bytes: 11 },
  gif: { ns: 40, bytes: 15 },
  bmp: { ns: 30, bytes: 15 },
}
const INTERLACED_PNG: PixelCost = { ns: 50, bytes: 4 }

/** Extra time of a JPEG whose coefficients are kept, in ns per pixel of the source and scan. */
const SCAN_NS = 4

/** Share of the coefficients that is kept at each divisor with 4:2:0, which is the largest (codec/jpeg/decoder.ts). */
const COEFFICIENTS: Readonly<Record<Divisor, number>> = { 1: 1, 2: 0.53, 4: 0.18, 8: 0.12 }

/**
 * Cost of encoding per pixel of the result. The bytes of JPEG and PNG are those of the file, which is there twice for a
 * moment. Those of WebP are libwebp's: 12 for photographs; for noise, 14 at quality 85 and 17 at 95. A picture with alpha
 * takes 18 in libwebp's memory, then 4 in the coder of its alpha.
 */
const ENCODING: Readonly<Record<EncodeFormat, PixelCost>> = {
  jpeg: { ns: 12, bytes: 1 },
  webp: { ns: 110, bytes: 14 },
  png: { ns: 50, bytes: 4 },
}
/** What alpha adds for a pixel of WebP: libwebp's copies of it, and the two codings of webp/alpha.ts. */
const WEBP_ALPHA: PixelCost = { ns: 280, bytes: 8 }
/** Memory for tokens, windows and bands of rows in the encoders of JPEG and PNG. */
const ENCODER_BYTES = 5e6

/** Time for RGB to YCbCr and back and for bicubic, in ns per pixel of the enlarged picture. */
const ENLARGING_NS = 10

/** Time for the two passes (rows, columns) of the antialiasing kernel, in ns per pixel of input and of output. */
const SHRINKING_NS = 15

/** The source's file is there in JavaScript and in its decoder's memory, and for a moment without its metadata. */
const FILE_COPIES = 3
const RGBA_BYTES = 4
const RGB_BYTES = 3
const FLOAT_BYTES = 4
/** Memory of a slab: RGBA and three planes of floats per small pixel. Alpha adds a plane. */
const SLAB_BYTES = RGBA_BYTES + 3 * FLOAT_BYTES
/** Side of a tile, in pixels of the small picture (engine/upscale.ts). */
const TILE_SIDE = 512
/** Rows of a slab's margins: more than any bundled network needs. */
const MARGIN_ROWS = 24
/** Memory of V8 and of the worker's own code, which is part of each estimate. */
export const BASE_BYTES = 10e6

/**
 * The work on a picture: decoding at 1 / `divisor`, enlarging by `scale` (1: none), shrinking to `width` and `height` in
 * pixels, encoding.
 */
export interface CostedWork {
  readonly divisor: Divisor
  readonly scale: number
  readonly width: number
  readonly height: number
  readonly format: EncodeFormat
}

/** Returns the estimated cost. `bytes` is the length of the source file. Without `model`, enlarging is bicubic. */
export function estimateCost(
  header: Header,
  bytes: number,
  { divisor, scale, width, height, format }: CostedWork,
  model: Model | undefined,
): Cost {
  const source = header.width * header.height
  const small = source / divisor ** 2
  const large = scale > 1 ? small * scale ** 2 : 0
  const result = width * height
  const isShrunk = result !== small * scale ** 2
  const planes = header.alpha ? 2 : 1
  const decoding = (header.type === 'png' && header.interlaced ? INTERLACED_PNG : DECODING[header.type])!
  const scansNs = header.coefficientBytes > 0 ? header.scans * SCAN_NS : 0
  const encoding = encodingOf(format, header.alpha)
  const networkNs = model ? planes * macsPerPixel(model.network) * (model.engine.nsPerMac ?? 0) : 0
  const cpuNs =
    source * (decoding.ns + scansNs) +
    large * (ENLARGING_NS * planes + networkNs) +
    (isShrunk ? ((large || small) + result) * SHRINKING_NS : 0) +
    result * encoding.ns
  // The smaller of source and result is held if it has to be turned or looked at (makeFile.ts).
  const heldJpegBytes = header.orientation > 1 ? RGB_BYTES : 0
  const heldBytes = header.type === 'jpeg' ? heldJpegBytes : RGBA_BYTES
  const held = heldBytes * (scale > 1 ? small : result)
  // Of a picture that is enlarged, one slab is held, its result, and the network's input and output for a tile.
  const smallWidth = uprightSize(header).width
  const slabRows = slabRowsOf(smallWidth, scale) + MARGIN_ROWS
  const slab = Math.min(large, scale ** 2 * smallWidth * slabRows)
  const tile = Math.min(slab, scale ** 2 * TILE_SIDE * slabRows)
  const enlarging =
    slab * (RGBA_BYTES + (SLAB_BYTES + FLOAT_BYTES * (planes - 1)) / scale ** 2) + 2 * planes * FLOAT_BYTES * tile
  // A WebP is encoded when all its pixels are there. Then nothing else is held.
  const isWhole = format === 'webp'
  const byRows = enlarging + (isWhole ? RGBA_BYTES * result : ENCODER_BYTES + encoding.bytes * result)
  const whole = isWhole ? (RGBA_BYTES + encoding.bytes) * result : 0
  return {
    cpuMs: cpuNs / 1e6,
    memoryBytes:
      BASE_BYTES +
      FILE_COPIES * bytes +
      header.coefficientBytes * COEFFICIENTS[divisor] +
      source * decoding.bytes +
      Math.max(held + byRows, whole),
  }
}

function encodingOf(format: EncodeFormat, hasAlpha: boolean): PixelCost {
  const { ns, bytes } = ENCODING[format]
  if (format !== 'webp' || !hasAlpha) return ENCODING[format]
  return { ns: ns + WEBP_ALPHA.ns, bytes: bytes + WEBP_ALPHA.bytes }
}
