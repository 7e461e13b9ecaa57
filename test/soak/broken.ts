// What goes wrong at an origin, by kind: files that are no pictures, or none of ours, and errors.
import sharp from 'sharp'
import type { Random } from '../../worker/image/prng.ts'
import { damaged, DAMAGES as KINDS } from '../support/pictures/damage.ts'
import { pngChunk, words } from '../support/pictures/png.ts'
import type { Picture } from './pictures.ts'

/** What an origin gives for a path. */
export interface Given {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  /** In pixels, of a good picture. */
  readonly size?: { readonly width: number; readonly height: number }
  /** It breaks off: before the answer, or in the middle of the body. */
  readonly breaks?: 'before' | 'within'
}

type Breaker = (picture: Picture, random: Random) => Given | Promise<Given>

const given = (status: number, body: Buffer | string, headers: Record<string, string> = {}): Given => ({
  status,
  headers,
  body: Buffer.from(body),
})
const file = (type: string, body: Buffer | string) =>
  given(200, body, { 'content-type': type, 'cache-control': 'max-age=86400' })

const PAGE = '<!doctype html><title>Log in</title><p>Please log in to see this picture.'
const VECTOR = '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40"><rect width="9" height="9"/></svg>'

/** A picture that may still be one for a decoder. */
export const DAMAGES: Readonly<Record<string, Breaker>> = Object.fromEntries(
  KINDS.map((how): [string, Breaker] => [
    how,
    ({ bytes, type }, random) => file(type, Buffer.from(damaged(bytes, how, random))),
  ]),
)

/** What is never made larger. */
export const REFUSED: Readonly<Record<string, Breaker>> = {
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
  fixed: ({ bytes, type }) => given(200, bytes, { 'content-type': type, 'cache-control': 'max-age=60, no-transform' }),
}

export const FAILURES: Readonly<Record<string, Breaker>> = {
  missing: () => given(404, 'no such picture\n', { 'content-type': 'text/plain' }),
  forbidden: () => given(403, 'not for you\n', { 'cache-control': 'no-store' }),
  failing: () => given(500, 'broken\n', { 'content-type': 'text/plain' }),
  down: () => given(503, 'down\n', { 'retry-after': '9' }),
  elsewhere: () => given(302, '', { location: 'https://elsewhere.example/' }),
  silent: () => ({ ...given(200, ''), breaks: 'before' }),
  brokenOff: ({ bytes, type }) => ({ ...file(type, bytes), breaks: 'within' }),
}

const SIDE = 60_000

/** Files of some bytes whose headers promise billions of pixels. */
const BOMBS: readonly (() => Buffer)[] = [
  () =>
    Buffer.concat([
      Buffer.from('89504e470d0a1a0a', 'hex'),
      pngChunk('IHDR', Buffer.concat([words(SIDE, SIDE), Buffer.from([8, 6, 0, 0, 0])])),
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
