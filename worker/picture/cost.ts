// What a picture will cost, told from its header alone: compiled codecs and kernels cannot be interrupted, so what
// would be too much must be known before it begins. Estimates from above; `npm run bench -- memory` and
// `request` have what is measured.
import type { EncodeFormat } from '../codec/contract.ts'
import type { Header } from '../codec/header.ts'
import type { ImageType } from '../codec/header/sniff.ts'
import type { Model } from '../engine/upscale.ts'
import { costOf as macsPerPixel } from '../model/network.ts'

export interface Cost {
  /** Milliseconds of CPU time on the README's machine. */
  readonly cpuMs: number
  /** Most bytes at one time. */
  readonly memoryBytes: number
}

interface PixelCost {
  readonly ns: number
  readonly bytes: number
}

/** Of a source's pixel: what its decoder takes. Photon's are held twice. */
const DECODING: Partial<Record<ImageType, PixelCost>> = {
  jpeg: { ns: 25, bytes: 8 },
  webp: { ns: 30, bytes: 8 },
  png: { ns: 40, bytes: 15 },
  gif: { ns: 40, bytes: 15 },
  bmp: { ns: 30, bytes: 15 },
}

/** Of a result's pixel: what its encoder takes. JPEG is encoded strip by strip. */
const ENCODING: Readonly<Record<EncodeFormat, PixelCost>> = {
  jpeg: { ns: 100, bytes: 1 },
  webp: { ns: 90, bytes: 16 },
  png: { ns: 150, bytes: 3 },
}
const JPEG_STRIP_BYTES = 5e6
const WEBP_ALPHA_BYTES = 5

/** Colour both ways, and bicubic, of a result's pixel. */
const ENLARGING_NS = 10

/** Both ways through the antialiasing kernel: of a pixel that goes in and of one that comes out. */
const SHRINKING_NS = 40

/** RGBA, then three planes of floats, of a source's pixel; alpha is a fourth. */
const SMALL_BYTES = 16
const FLOAT_BYTES = 4
const RGBA_BYTES = 4
/** What goes into a network, and what comes out, a tile of 1024² at a time. */
const TILE_PIXELS = 1024 * 1024
/** The worker itself, and V8's. */
const BASE_BYTES = 10e6

/** What a result is to be: `scale` enlarges, 1 does not; then it is brought down to its size. */
export interface Wish {
  readonly scale: number
  readonly width: number
  readonly height: number
  readonly format: EncodeFormat
}

/** `bytes` is the source's length. Without a model: bicubic. */
export function estimateCost(
  header: Header,
  bytes: number,
  { scale, width, height, format }: Wish,
  model: Model | undefined,
): Cost {
  const small = header.width * header.height
  const large = scale > 1 ? small * scale ** 2 : 0
  const result = width * height
  const shrunk = result === small * scale ** 2 ? 0 : result
  const planes = header.alpha ? 2 : 1
  const decoding = DECODING[header.type] ?? { ns: 0, bytes: 0 }
  const encoding = ENCODING[format]
  const networkNs = model ? planes * macsPerPixel(model.network) * (model.engine.nsPerMac ?? 0) : 0
  const tiles = planes * 2 * FLOAT_BYTES * Math.min(large, TILE_PIXELS)
  // What is enlarged is let go of before it is encoded.
  const enlarging = small * (SMALL_BYTES + FLOAT_BYTES * planes) + (large + shrunk) * RGBA_BYTES + tiles
  const beside =
    (format === 'jpeg' ? JPEG_STRIP_BYTES : 0) + (format === 'webp' && header.alpha ? WEBP_ALPHA_BYTES * result : 0)
  const encoded = result * (RGBA_BYTES + encoding.bytes) + beside
  return {
    cpuMs:
      (small * decoding.ns +
        large * (ENLARGING_NS * planes + networkNs) +
        (shrunk > 0 ? (large || small) + shrunk : 0) * SHRINKING_NS +
        result * encoding.ns) /
      1e6,
    memoryBytes: BASE_BYTES + 2 * bytes + small * decoding.bytes + Math.max(enlarging, encoded),
  }
}
