// Target for the PNG decoder. photon is the oracle for pixels.
import { inflateRawSync } from 'node:zlib'
import { concat } from '../../../worker/base/concat.ts'
import { CodecError, DamagedError } from '../../../worker/codec/error.ts'
import { type Header, readHeader } from '../../../worker/codec/header.ts'
import { createInstances } from '../../../worker/codec/instance.ts'
import { decodeWithPhoton } from '../../../worker/codec/photon.ts'
import { readPngFile } from '../../../worker/codec/png/file.ts'
import type { Rgba } from '../../../worker/image/plane.ts'
import type { Random } from '../../../worker/image/prng.ts'
import { loadCodecModules } from '../../../worker/platform/nodeFiles.ts'
import { codec } from '../../support/pictures/codec.ts'
import { plainPng } from '../../support/pictures/plainPng.ts'
import { PNG_KINDS, writePngFile } from '../../support/pictures/pngFile.ts'
import { oneIn, pick, randomBytes } from '../draw.ts'
import { defineTarget, ensure, type FuzzTarget } from '../fuzz.ts'
import { mutateBytes } from '../mutateBytes.ts'
import { mutateParts } from '../mutateParts.ts'

const MAX_SIDE = 60
/** Pixels of the largest picture that is decoded. A change of the header can make a picture larger. */
const MAX_PIXELS = 100_000

const { photon } = await loadCodecModules()
const instances = createInstances()

function makeFile(random: Random): Uint8Array {
  const [colorType, depth] = pick(random, PNG_KINDS)
  const level = random.below(256)
  const file = writePngFile({
    width: 1 + random.below(MAX_SIDE),
    height: 1 + random.below(MAX_SIDE),
    colorType,
    depth,
    byteAt: pick(random, [() => random.below(256), () => level, (i: number, y: number) => (i * level) ^ y]),
    filterAt: () => random.below(oneIn(random, 200) ? 6 : 5),
    palette: colorType === 3 || oneIn(random, 9) ? randomBytes(random, 3 * (1 + random.below(256))) : undefined,
    transparency: oneIn(random, 2) ? randomBytes(random, random.below(8)) : undefined,
    isInterlaced: oneIn(random, 3),
    cut: (deflated) => {
      const at = random.below(deflated.length)
      return [deflated.subarray(0, at), deflated.subarray(at)]
    },
  })
  let bytes = file
  for (let changes = oneIn(random, 3) ? 0 : 1 + random.below(3); changes > 0; changes--) {
    bytes = oneIn(random, 2) ? mutateParts(random, 'png', bytes, file) : mutateBytes(random, bytes, file)
  }
  return bytes
}

/**
 * True if the pixel data contain an invalid code. If it is shortly behind the last row, photon does not notice it, but
 * Node's stream has lost this row.
 */
function isCorrupt(bytes: Uint8Array): boolean {
  try {
    inflateRawSync(concat(readPngFile(bytes).data).subarray(2))
    return false
  } catch (error) {
    return (error as { code?: string }).code === 'Z_DATA_ERROR'
  }
}

async function byPhoton(bytes: Uint8Array, header: Header): Promise<Rgba> {
  return decodeWithPhoton(instances, photon, plainPng(bytes), header)
}

async function checkDecoding(bytes: Uint8Array): Promise<boolean> {
  const header = readHeader(bytes)
  const { type, width, height, obstacle } = header
  if (type !== 'png' || obstacle || width * height > MAX_PIXELS) return false
  const theirs = await byPhoton(bytes, header).catch(() => undefined)
  try {
    const { data } = await codec.decode(bytes, { ...header, orientation: 1 })
    // Files that only we decode have a wrong or missing checksum.
    if (theirs) ensure(Buffer.from(data).equals(Buffer.from(theirs.data)), 'other pixels than by photon')
    return true
  } catch (error) {
    if (!(error instanceof CodecError)) throw error
    ensure(error instanceof DamagedError, () => `${error.message}: ${String(error.cause)}`)
    ensure(!theirs || isCorrupt(bytes), () => `photon decodes it: ${error.message}`)
    return false
  }
}

export function pngDecodeTargets(): FuzzTarget[] {
  return [
    defineTarget({
      name: 'png-decode',
      about: 'the PNG decoder: pixels as by photon, or a DamagedError where photon fails',
      share: 6,
      isCommandOnly: true,
      make: makeFile,
      check: checkDecoding,
      fileOf: (bytes) => bytes,
    }),
  ]
}
