// Estimates the cost of a picture from its header only. Compiled codecs and kernels cannot be interrupted, so work that
// costs too much must be refused before it begins. The estimates are upper bounds; `npm run bench -- memory` and `npm
// run bench -- request` measure the real cost.
import type { Divisor, EncodeFormat } from '../codec/contract.ts'
import type { Header } from '../codec/header.ts'
import type { ImageType } from '../codec/header/sniff.ts'
import type { Model } from '../engine/upscale.ts'
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
 * Cost of decoding per pixel of the source. Photon (PNG, GIF, BMP) holds pixels twice; JPEG is decoded by rows. WebP
 * takes 5 bytes and 38 ns if it is lossy and opaque, 11 bytes and 60 ns with alpha, and up to 11 bytes and 72 ns if it is
 * lossless, which its header does not tell. Noise takes 12 bytes and 113 ns.
 */
const DECODING: Partial<Record<ImageType, PixelCost>> = {
  jpeg: { ns: 15, bytes: 1 },
  webp: { ns: 75, bytes: 11 },
  png: { ns: 40, bytes: 15 },
  gif: { ns: 40, bytes: 15 },
  bmp: { ns: 30, bytes: 15 },
}

/** Extra time of a JPEG whose coefficients are kept, in ns per pixel of the source and scan. */
const SCAN_NS = 4

/** Share of the coefficients that is kept at each divisor with 4:2:0, which is the largest (codec/jpeg/decoder.ts). */
const COEFFICIENTS: Readonly<Record<Divisor, number>> = { 1: 1, 2: 0.53, 4: 0.18, 8: 0.12 }

/**
 * Cost of encoding per pixel of the result. JPEG is encoded by rows. WebP takes 12 bytes for photographs; for noise, 14
 * at quality 85 and 17 at 95. A picture with alpha takes 18 in libwebp's memory, then 4 in the coder of its alpha.
 */
const ENCODING: Readonly<Record<EncodeFormat, PixelCost>> = {
  jpeg: { ns: 12, bytes: 1 },
  webp: { ns: 110, bytes: 14 },
  png: { ns: 150, bytes: 3 },
}
/** Memory for the tokens and a band of rows (codec/jpeg/encoder.ts). */
const JPEG_BYTES = 5e6
/** What alpha adds for a pixel of WebP: libwebp's copies of it, and the two codings of webp/alpha.ts. */
const WEBP_ALPHA_BYTES = 8
const WEBP_ALPHA_NS = 280

/** Time for RGB to YCbCr and back and for bicubic, in ns per pixel of the enlarged picture. */
const ENLARGING_NS = 10

/** Time for the two passes (rows, columns) of the antialiasing kernel, in ns per pixel of input and of output. */
const SHRINKING_NS = 40

/** Memory of RGBA and of three planes of floats, in bytes per pixel of a source that is enlarged. Alpha adds a plane. */
const SMALL_BYTES = 16
const FLOAT_BYTES = 4
const RGBA_BYTES = 4
/** Pixels of the largest tile. The input and the output of a network are at most one tile each. */
const TILE_PIXELS = 1024 * 1024
/** Memory of V8 and of the worker's own code. */
const BASE_BYTES = 10e6

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
  const shrunk = result === small * scale ** 2 ? 0 : result
  const planes = header.alpha ? 2 : 1
  const decoding = DECODING[header.type] ?? { ns: 0, bytes: 0 }
  const scansNs = header.coefficientBytes > 0 ? header.scans * SCAN_NS : 0
  const coefficients = header.coefficientBytes * COEFFICIENTS[divisor]
  const encoding = ENCODING[format]
  const networkNs = model ? planes * macsPerPixel(model.network) * (model.engine.nsPerMac ?? 0) : 0
  const tiles = planes * 2 * FLOAT_BYTES * Math.min(large, TILE_PIXELS)
  // A JPEG that is shrunk never exists as a whole. Its result is copied if it has to be turned.
  const isByRows = scale === 1 && shrunk > 0 && header.type === 'jpeg'
  const smallBytes = scale > 1 ? SMALL_BYTES + FLOAT_BYTES * planes : isByRows ? 0 : RGBA_BYTES
  const turned = isByRows && header.orientation > 1 ? result : 0
  const enlarging = small * smallBytes + (large + shrunk + turned) * RGBA_BYTES + tiles
  const beside =
    (format === 'jpeg' ? JPEG_BYTES : 0) + (format === 'webp' && header.alpha ? WEBP_ALPHA_BYTES * result : 0)
  const alphaNs = format === 'webp' && header.alpha ? WEBP_ALPHA_NS : 0
  const encoded = result * (RGBA_BYTES + encoding.bytes) + beside
  return {
    cpuMs:
      (source * (decoding.ns + scansNs) +
        large * (ENLARGING_NS * planes + networkNs) +
        (shrunk > 0 ? (large || small) + shrunk : 0) * SHRINKING_NS +
        result * (encoding.ns + alphaNs)) /
      1e6,
    // The planes for enlarging are released before encoding begins, so the peak is the larger of the two amounts of
    // memory and not their sum.
    memoryBytes:
      BASE_BYTES + 3 * bytes + coefficients + (isByRows ? 0 : small * decoding.bytes) + Math.max(enlarging, encoded),
  }
}
