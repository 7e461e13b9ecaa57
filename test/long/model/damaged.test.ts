// Damages small network files in two ways: each bit is flipped once, and random bytes are replaced 40,000 times.
import { describe, test } from 'vitest'
import { createRandom } from '../../../worker/image/prng.ts'
import { describeNetwork, subPixelArchitecture } from '../../../worker/model/network.ts'
import { decodeNetwork, encodeNetwork } from '../../../worker/model/networkFile.ts'
import { ModelError } from '../../../worker/model/onnx.ts'
import { convolutionFile } from '../../support/engine/onnxFile.ts'
import { sampleNetwork } from '../../support/engine/samples.ts'

const SMALL = { kernels: [3, 1, 3], widths: [2, 2], residual: true }
const SUB_PIXEL = subPixelArchitecture(2, 2, 1)

describe('decodeNetwork throws a ModelError or returns a valid network', () => {
  test.each([
    ['a file of this project', encodeNetwork(sampleNetwork(SMALL))],
    ['a file with zero padding', encodeNetwork(sampleNetwork(SMALL, 'zero'))],
    ['a file with a skip connection, at x2', encodeNetwork(sampleNetwork(SUB_PIXEL))],
    ['a file of another exporter', convolutionFile({ floats: 'unpacked', integers: 'packed' })],
  ])('for %s, if any one bit is flipped', (_, file) => {
    for (let bit = 0; bit < 8 * file.length; bit++) {
      const damaged = file.slice()
      damaged[bit >> 3] ^= 1 << (bit & 7)
      expectNetworkOrModelError(damaged)
    }
  })

  test.each([
    ['a file of this project', encodeNetwork(sampleNetwork(SMALL))],
    ['random bytes', new Uint8Array(300)],
  ])('for %s, if bytes are replaced at random', (name, file) => {
    const random = createRandom(11)
    for (let round = 0; round < 20_000; round++) {
      const damaged = file.slice()
      const count = name !== 'random bytes' ? 1 + random.below(8) : damaged.length
      for (let i = 0; i < count; i++) damaged[random.below(damaged.length)] = random.below(256)
      expectNetworkOrModelError(damaged)
    }
  })
})

function expectNetworkOrModelError(file: Uint8Array): void {
  try {
    const network = decodeNetwork(file)
    describeNetwork(network)
    encodeNetwork(network)
  } catch (error) {
    if (!(error instanceof ModelError)) throw error
  }
}
