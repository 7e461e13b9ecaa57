// Bad responses of an origin, by kind: damaged pictures, files that are never enlarged, and errors.
import sharp from 'sharp'
import type { Random } from '../../worker/image/prng.ts'
import { damaged, DAMAGES } from '../support/pictures/damage.ts'
import { pngChunk, words } from '../support/pictures/png.ts'
import type { GalleryPicture } from './gallery.ts'

/** The response of an origin to a request for one path. */
export interface OriginResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  /** Size of the picture in pixels. Undefined for bad responses. */
  readonly size?: { readonly width: number; readonly height: number }
  /** If set, the origin closes the connection too early: before the headers, or in the middle of the body. */
  readonly breaksOff?: 'beforeHeaders' | 'inBody'
}

/** Makes a bad response out of a good picture. */
type BadResponse = (picture: GalleryPicture, random: Random) => OriginResponse | Promise<OriginResponse>

const respond = (status: number, body: Buffer | string, headers: Record<string, string> = {}): OriginResponse => ({
  status,
  headers,
  body: Buffer.from(body),
})
const file = (type: string, body: Buffer | string) =>
  respond(200, body, { 'content-type': type, 'cache-control': 'max-age=86400' })

const PAGE = '<!doctype html><title>Log in</title><p>Please log in to see this picture.'
const VECTOR = '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40"><rect width="9" height="9"/></svg>'

/** Responses with damaged pictures, which a decoder may accept or refuse. */
export const DAMAGED: Readonly<Record<string, BadResponse>> = Object.fromEntries(
  DAMAGES.map((how): [string, BadResponse] => [
    how,
    ({ bytes, type }, random) => file(type, Buffer.from(damaged(bytes, how, random))),
  ]),
)

/** Responses with files that the worker never enlarges, but passes on unchanged. */
export const NEVER_ENLARGED: Readonly<Record<string, BadResponse>> = {
  page: ({ type }) => file(type, PAGE),
  nothing: ({ type }) => file(type, ''),
  noise: ({ type }, random) => file(type, Buffer.from(Array.from({ length: 2000 }, () => random.below(256)))),
  bomb: ({ type }, random) => file(type, BOMBS[random.below(BOMBS.length)]()),
  animated: async ({ bytes, type }) => {
    if (type === 'image/bmp') return file(type, 'BM')
    const frame = await sharp(bytes).resize(40, 40).toBuffer()
    const other = await sharp(frame).negate().toBuffer()
    return file(
      'image/gif',
      await sharp([frame, other], { join: { animated: true } })
        .gif({ effort: 1 })
        .toBuffer(),
    )
  },
  cmyk: async ({ bytes, type }) => {
    if (type === 'image/bmp') return file(type, 'BM')
    return file('image/jpeg', await sharp(bytes).removeAlpha().toColourspace('cmyk').jpeg().toBuffer())
  },
  vector: () => file('image/svg+xml', VECTOR),
  fixed: ({ bytes, type }) =>
    respond(200, bytes, { 'content-type': type, 'cache-control': 'max-age=60, no-transform' }),
}

/** Responses with an error status, a redirect to another host, and connections that break off. */
export const ORIGIN_FAILURES: Readonly<Record<string, BadResponse>> = {
  missing: () => respond(404, 'no such picture\n', { 'content-type': 'text/plain' }),
  forbidden: () => respond(403, 'not for you\n', { 'cache-control': 'no-store' }),
  failing: () => respond(500, 'broken\n', { 'content-type': 'text/plain' }),
  down: () => respond(503, 'down\n', { 'retry-after': '9' }),
  elsewhere: () => respond(302, '', { location: 'https://elsewhere.example/' }),
  silent: () => ({ ...respond(200, ''), breaksOff: 'beforeHeaders' }),
  brokenOff: ({ bytes, type }) => ({ ...file(type, bytes), breaksOff: 'inBody' }),
}

const BOMB_SIDE = 60_000

/** Small files whose headers claim billions of pixels: PNG, JPEG, GIF, WebP. */
const BOMBS: readonly (() => Buffer)[] = [
  () =>
    Buffer.concat([
      Buffer.from('89504e470d0a1a0a', 'hex'),
      pngChunk('IHDR', Buffer.concat([words(BOMB_SIDE, BOMB_SIDE), Buffer.from([8, 6, 0, 0, 0])])),
      pngChunk('IDAT', new Uint8Array(50)),
      pngChunk('IEND', new Uint8Array()),
    ]),
  () =>
    Buffer.concat([
      Buffer.from('ffd8ffc0001108ea60ea6003011100021101031101', 'hex'),
      Buffer.from('ffda000c03010002000300003f00', 'hex'),
      Buffer.alloc(50),
      Buffer.from('ffd9', 'hex'),
    ]),
  () =>
    Buffer.concat([
      Buffer.from('GIF89a'),
      Buffer.from('60ea60ea000000', 'hex'),
      Buffer.from('2c0000000060ea60ea0002024401003b', 'hex'),
    ]),
  () =>
    Buffer.concat([
      Buffer.from('RIFF'),
      Buffer.from('16000000', 'hex'),
      Buffer.from('WEBPVP8X'),
      Buffer.from('0a00000000000000ff3f00ff3f00', 'hex'),
    ]),
]
