// Unrolls the functions that subpixel.as.ts calls: the stages of Winograd's algorithm, for groups of one and of two
// vectors of tiles, for the 5x5 layer and the 3x3 layers; and depth-to-space for each scale.
import type { Arithmetic } from './arithmetic.ts'
import { unrollDepthToSpace } from './depthToSpace.ts'
import { SCRATCH_AT, BLOCKS_FIRST, DEPTH_FIRST, FREQUENCY_BYTES } from './subpixelLayout.ts'
import { unrollInputTransform, unrollMultiply, unrollOutputTransform, type WinogradPlaces } from './winograd.ts'

const SCALES = [2, 3, 4]

const PLACES: WinogradPlaces = {
  phaseBytes: 'phaseBytes',
  rowBytes: 'rowBytes',
  half: SCRATCH_AT.half,
  transformed: SCRATCH_AT.transformed,
  products: SCRATCH_AT.products,
  frequencyBytes: FREQUENCY_BYTES,
  four: SCRATCH_AT.four,
  channelBytes: 'channelBytes',
}

export function unrollSubpixel(kind: Arithmetic): string {
  const layers = [1, 2].flatMap((vectors) => [
    unrollInputTransform(`transformFirst${vectors}`, vectors, BLOCKS_FIRST, PLACES),
    unrollInputTransform(`transformInner${vectors}`, vectors, 1, PLACES),
    unrollMultiply(kind, `multiplyFirst${vectors}`, vectors, DEPTH_FIRST, PLACES),
    unrollMultiply(kind, `multiplyInner${vectors}`, vectors, 'inputs', PLACES),
    unrollOutputTransform(`reluOutput${vectors}`, vectors, 'relu', PLACES),
    unrollOutputTransform(`skipOutput${vectors}`, vectors, 'skip', PLACES),
    unrollOutputTransform(`linearOutput${vectors}`, vectors, 'linear', PLACES),
  ])
  return [...layers, ...SCALES.map(unrollDepthToSpace)].join('')
}
