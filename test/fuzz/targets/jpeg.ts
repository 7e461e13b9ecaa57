// Targets for the JPEG codec. libvips, which uses libjpeg-turbo, is the oracle.
import sharp from 'sharp'
import { CodecError } from '../../../worker/codec/error.ts'
import { readHeader } from '../../../worker/codec/header.ts'
import { STEP_TABLES, SUBSAMPLINGS } from '../../../worker/codec/jpeg/variant.ts'
import type { Rgba } from '../../../worker/image/plane.ts'
import type { Random } from '../../../worker/image/prng.ts'
import { codec, decodeBySharp, difference } from '../../support/pictures/codec.ts'
import { type FileComponent, type FileScan, writeJpegFile } from '../../support/pictures/jpegFile.ts'
import { oneIn, pick } from '../draw.ts'
import { defineTarget, ensure, type FuzzTarget } from '../fuzz.ts'
import { mutateBytes } from '../mutateBytes.ts'
import { mutateParts } from '../mutateParts.ts'

const MAX_SIDE = 40
/** Pixels of the largest picture that is decoded. A change of the header can make a picture larger. */
const MAX_PIXELS = 100_000

interface FileInput {
  readonly bytes: Uint8Array
  readonly isChanged: boolean
  /** True if libjpeg-turbo interpolates all components like we do. It repeats samples for other factors than 2. */
  readonly isComparable: boolean
}

/** Returns a function of random values, of a wave, or of one value. */
function makeSamples(random: Random): (x: number, y: number) => number {
  const [level, length, turn] = [random.below(256), 1 + 20 * random.next(), 6 * random.next()]
  return pick(random, [
    () => random.below(256),
    () => level,
    (x: number, y: number) => 128 + 127 * Math.sin((x * Math.cos(turn) + y * Math.sin(turn)) / length),
    (x: number, y: number) => (x + y > 2 * length ? 255 : 0),
  ])
}

/** Draws the scans of a progressive picture: all bits of all coefficients, in parts. */
function makeProgression(random: Random, count: number): FileScan[] {
  const all = Array.from({ length: count }, (_, i) => i)
  const dcLow = random.below(3)
  const scans: FileScan[] = [{ components: all, low: dcLow }]
  for (let high = dcLow; high > 0; high--) scans.push({ components: all, high, low: high - 1 })
  for (const component of all) {
    const split = 1 + random.below(62)
    for (const [first, last] of [
      [1, split],
      [split + 1, 63],
    ]) {
      const low = random.below(3)
      scans.push({ components: [component], first, last, low })
      for (let high = low; high > 0; high--) scans.push({ components: [component], first, last, high, low: high - 1 })
    }
  }
  return scans
}

function withRestarts(random: Random, scan: FileScan): FileScan {
  return oneIn(random, 4) ? { ...scan, restartInterval: random.below(5) } : scan
}

function makeFile(random: Random): FileInput {
  const count = pick(random, [1, 3, 3, 3])
  const isComparable = oneIn(random, 2)
  const draw = () => (isComparable ? pick(random, [1, 1, 2]) : 1 + random.below(4))
  const components = Array.from({ length: count }, (_, i): FileComponent => {
    return { id: i + 1, across: draw(), down: draw(), sample: makeSamples(random) }
  })
  const blocks = components.reduce((sum, { across, down }) => sum + across * down, 0)
  const isProgressive = oneIn(random, 2)
  const all = components.map((_, i) => i)
  const scans: FileScan[] = isProgressive
    ? makeProgression(random, count)
    : blocks > 10 || oneIn(random, 4)
      ? all.map((i) => ({ components: [i] }))
      : [{ components: all }]
  const isTooLarge = isProgressive && count > 1 && blocks > 10
  const file = writeJpegFile({
    width: 1 + random.below(MAX_SIDE),
    height: 1 + random.below(MAX_SIDE),
    components: isTooLarge ? components.map((component) => ({ ...component, across: 1, down: 1 })) : components,
    isProgressive,
    scans: scans.map((scan) => withRestarts(random, scan)),
    step: pick(random, [1, 2, 5, 16, 60, 255, 300]),
  })
  let bytes = file
  const changes = oneIn(random, 4) ? 0 : 1 + random.below(4)
  for (let i = 0; i < changes; i++) {
    bytes = oneIn(random, 3) ? mutateParts(random, 'jpeg', bytes, file) : mutateBytes(random, bytes, file)
  }
  return { bytes, isChanged: changes > 0, isComparable }
}

/** Decodes a file. Returns the picture, or undefined if it is refused. Throws if the decoder traps. */
async function decoded(bytes: Uint8Array): Promise<Rgba | undefined> {
  try {
    return await codec.decode(bytes, readHeader(bytes))
  } catch (error) {
    ensure(error instanceof CodecError && !error.message.endsWith('failed'), () => String((error as Error).cause))
    return undefined
  }
}

async function checkDecoding({ bytes, isChanged, isComparable }: FileInput): Promise<boolean> {
  const header = readHeader(bytes)
  if (header.type !== 'jpeg' || header.obstacle || header.width * header.height > MAX_PIXELS) {
    ensure(isChanged, () => `a valid file is refused: ${header.obstacle}`)
    return false
  }
  const picture = await decoded(bytes)
  const again = await decoded(bytes)
  ensure((picture === undefined) === (again === undefined), 'another verdict at the second time')
  ensure(!picture || !again || difference(picture, again).color === 0, 'other pixels at the second time')
  if (!picture) {
    ensure(isChanged, 'a valid file is refused')
    return false
  }
  if (isChanged || !isComparable) return true
  const { color } = difference(picture, await decodeBySharp(bytes))
  ensure(color <= 3, () => `${color} levels from libjpeg-turbo`)
  return true
}

interface EncodedInput {
  readonly picture: Rgba
  readonly quality: number
  readonly subsampling: (typeof SUBSAMPLINGS)[number]
  readonly steps: (typeof STEP_TABLES)[number]
}

function makePictureToEncode(random: Random): EncodedInput {
  const [width, height] = [1 + random.below(MAX_SIDE), 1 + random.below(MAX_SIDE)]
  const samples = [makeSamples(random), makeSamples(random), makeSamples(random)]
  const [isGrey, isClear] = [oneIn(random, 4), oneIn(random, 4)]
  const data = new Uint8ClampedArray(4 * width * height)
  for (let i = 0; i < width * height; i++) {
    const [x, y] = [i % width, Math.floor(i / width)]
    const [r, g, b] = samples.map((sample) => sample(x, y))
    data.set([r, isGrey ? r : g, isGrey ? r : b, isClear ? random.below(256) : 255], 4 * i)
  }
  return {
    picture: { width, height, data },
    quality: 1 + random.below(100),
    subsampling: pick(random, SUBSAMPLINGS),
    steps: pick(random, STEP_TABLES),
  }
}

/** Checks that libjpeg-turbo reads the file without a warning, and gets the same pixels from it as we do. */
async function checkEncoding({ picture, quality, ...jpeg }: EncodedInput): Promise<boolean> {
  const file = await codec.encode(picture, { format: 'jpeg', quality, jpeg })
  const { data, info } = await sharp(file, { failOn: 'warning' })
    .toColourspace('srgb')
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true })
  const seen = { width: info.width, height: info.height, data }
  const { color } = difference(seen, await codec.decode(file, readHeader(file)))
  ensure(color <= 3, () => `${color} levels from libjpeg-turbo`)
  return true
}

export function jpegTargets(): FuzzTarget[] {
  return [
    defineTarget({
      name: 'jpeg-decode',
      about: 'the JPEG decoder: never traps, the same verdict twice, valid files as by libjpeg-turbo',
      share: 6,
      isCommandOnly: true,
      make: makeFile,
      check: checkDecoding,
      fileOf: ({ bytes }) => bytes,
    }),
    defineTarget({
      name: 'jpeg-encode',
      about: 'the JPEG encoder: files that libjpeg-turbo reads without a warning, to the pixels that we read',
      share: 4,
      isCommandOnly: true,
      make: makePictureToEncode,
      check: checkEncoding,
    }),
  ]
}
