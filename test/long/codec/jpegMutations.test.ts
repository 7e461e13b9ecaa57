// Two thousand random changes to each kind of JPEG: the decoder never traps or hangs, and decides the same twice.
import { expect, test } from 'vitest'
import { DamagedError } from '../../../worker/codec/error.ts'
import { createRandom } from '../../../worker/image/prng.ts'
import { outcomeOf } from '../../support/pictures/codec.ts'
import { DAMAGES, damaged } from '../../support/pictures/damage.ts'
import { type FileScan, type FileSpec, writeJpegFile } from '../../support/pictures/jpegFile.ts'

const MUTATIONS = 2000
/** Larger pictures are not decoded. A change of the header can make a picture larger. */
const MAX_PIXELS = 200_000

const wave = (length: number) => (x: number, y: number) => 128 + 120 * Math.sin(x / length) * Math.cos(y / 5)
const component = (id: number, across: number, down: number) => ({ id, across, down, sample: wave(1 + id) })

const YCBCR = [component(1, 2, 2), component(2, 1, 1), component(3, 1, 1)]
const PROGRESSION: readonly FileScan[] = [
  { components: [0, 1, 2], low: 1 },
  ...[0, 1, 2].map((i) => ({ components: [i], first: 1, last: 63, low: 1 })),
  { components: [0, 1, 2], high: 1, low: 0 },
  ...[0, 1, 2].map((i) => ({ components: [i], first: 1, last: 63, high: 1, low: 0 })),
]
const KINDS: Readonly<Record<string, Partial<FileSpec>>> = {
  baseline: {},
  grey: { components: [component(1, 1, 1)] },
  '4:4:4': { components: [1, 2, 3].map((id) => component(id, 1, 1)) },
  '4:1:0': { components: [component(1, 4, 2), component(2, 1, 1), component(3, 1, 1)] },
  'luma at half size': { components: [component(1, 1, 1), component(2, 2, 2), component(3, 2, 2)] },
  'restart markers': { scans: [{ components: [0, 1, 2], restartInterval: 2 }] },
  'a scan for each component': { scans: [0, 1, 2].map((i) => ({ components: [i], restartInterval: 1 + i })) },
  'steps of 16 bits': { step: 300 },
  progressive: { isProgressive: true, scans: PROGRESSION },
  'progressive with restart markers': {
    isProgressive: true,
    scans: PROGRESSION.map((scan, i) => Object.assign({ restartInterval: 1 + (i % 4) }, scan)),
  },
}

test.each(Object.keys(KINDS))(
  'a changed JPEG never traps the decoder and has the same verdict twice: %s',
  async (kind) => {
    const file = writeJpegFile({ width: 45, height: 38, components: YCBCR, step: 6, ...KINDS[kind] })
    const random = createRandom(kind.length)
    const verdicts = new Set<string>()
    for (let i = 0; i < MUTATIONS; i++) {
      const changed = damaged(file, DAMAGES[i % DAMAGES.length], random)
      const first = await outcomeOf(changed, MAX_PIXELS)
      expect(await outcomeOf(changed, MAX_PIXELS)).toEqual(first)
      if (first instanceof Error) expect(first).toBeInstanceOf(DamagedError)
      expect(`${first}`).not.toContain('failed') // as the message of a trap does
      verdicts.add(`${first}`)
    }
    expect(verdicts.size).toBeGreaterThan(20)
  },
  120_000,
)
