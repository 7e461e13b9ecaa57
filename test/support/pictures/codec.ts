// Our codec in Node, and the decoder that tests compare it with: libvips (sharp).
import { createHash } from 'node:crypto'
import sharp from 'sharp'
import { createCodec } from '../../../worker/codec/codec.ts'
import { readHeader } from '../../../worker/codec/header.ts'
import { readIcc } from '../../../worker/codec/icc.ts'
import { loadCodecModules } from '../../../worker/platform/nodeFiles.ts'
import type { Rgba } from '../../../worker/image/plane.ts'

export const codec = createCodec(await loadCodecModules())

/** Decodes a file with our codec. */
export function decode(bytes: Uint8Array): Promise<Rgba> {
  return codec.decode(bytes, readHeader(bytes))
}

/** Returns the colour profile of a file. */
export function iccOf(bytes: Uint8Array): Promise<Uint8Array | undefined> {
  return readIcc(readHeader(bytes), bytes.length)
}

/**
 * Decodes a file with our codec. Returns the hash of its pixels, the error, or the reason why it is not decoded: an
 * obstacle, or more than `maxPixels`.
 */
export async function outcomeOf(bytes: Uint8Array, maxPixels: number): Promise<string | Error> {
  const header = readHeader(bytes)
  if (header.obstacle || header.width * header.height > maxPixels) return header.obstacle ?? 'large'
  try {
    const { data } = await codec.decode(bytes, header)
    return createHash('sha256').update(data).digest('hex')
  } catch (error) {
    return error as Error
  }
}

/**
 * Decodes a file with libvips to upright 8-bit RGBA. Does not apply the colour profile, nor an orientation to WebP, which
 * browsers do not turn.
 */
export async function decodeBySharp(bytes: Uint8Array): Promise<Rgba> {
  const stored = sharp(bytes, { ignoreIcc: true, failOn: 'none' })
  const upright = readHeader(bytes).type === 'webp' ? stored : stored.autoOrient()
  const { data, info } = await upright
    .toColourspace('srgb')
    .ensureAlpha()
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true })
  return { width: info.width, height: info.height, data }
}

/** Returns a smooth picture of many colours. `alphaAt` returns the alpha of a pixel. */
export function gradient(width: number, height: number, alphaAt = (_x: number, _y: number) => 255): Rgba {
  const data = new Uint8Array(width * height * 4)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [u, v] = [x / Math.max(1, width - 1), y / Math.max(1, height - 1)]
      const wave = 0.5 + 0.5 * Math.sin(7 * u + 11 * v)
      data.set([255 * u, 255 * v, 255 * wave, alphaAt(x, y)], (y * width + x) * 4)
    }
  }
  return { width, height, data }
}

/** Returns the red channel of `gradient` as a grey picture. */
export function greyGradient(width: number, height: number): Rgba {
  const { data } = gradient(width, height)
  for (let i = 0; i < data.length; i += 4) data[i + 1] = data[i + 2] = data[i]!
  return { width, height, data }
}

/** Returns a sharp pipeline that reads a raw picture. */
export function sharpOf({ width, height, data }: Rgba): sharp.Sharp {
  return sharp(data, { raw: { width, height, channels: 4 } })
}

export interface Difference {
  /** Largest difference of a colour channel, in levels. Pixels that are fully transparent in `a` do not count. */
  readonly color: number
  /** Largest difference of alpha, in levels. */
  readonly alpha: number
}

export function difference(a: Rgba, b: Rgba): Difference {
  if (a.width !== b.width || a.height !== b.height) {
    throw new Error(`${a.width}x${a.height} is not ${b.width}x${b.height}`)
  }
  let color = 0
  let alpha = 0
  for (let i = 0; i < a.data.length; i += 4) {
    alpha = Math.max(alpha, Math.abs(a.data[i + 3] - b.data[i + 3]))
    if (a.data[i + 3] === 0) continue
    for (let c = i; c < i + 3; c++) color = Math.max(color, Math.abs(a.data[c] - b.data[c]))
  }
  return { color, alpha }
}
