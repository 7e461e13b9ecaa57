// Unrolls the functions that srcnn.as.ts calls: the functions of layer 1 (Winograd), for groups of one and of two
// vectors of tiles, and the functions of layer 3.
import type { Arithmetic } from './arithmetic.ts'
import { AT, BLOCK, BLOCKS, GROUP_BYTES, KERNEL_1, PHASE_BYTES, ROW_BYTES } from './layout.ts'
import { unrollScatter } from './scatter.ts'
import { unrollInputTransform, unrollMultiply, unrollOutputTransform, type WinogradPlaces } from './winograd.ts'

const PLACES: WinogradPlaces = {
  phaseBytes: PHASE_BYTES,
  rowBytes: ROW_BYTES,
  half: AT.half,
  transformed: AT.transformed,
  products: AT.products,
  frequencyBytes: BLOCKS * GROUP_BYTES,
  four: AT.four,
  channelBytes: GROUP_BYTES,
}

export function unrollSrcnn(kind: Arithmetic): string {
  const layer1 = [1, 2].flatMap((vectors) => [
    unrollInputTransform(`transformInput${vectors}`, vectors, KERNEL_1 / BLOCK, PLACES),
    unrollMultiply(kind, `multiply${vectors}`, vectors, BLOCKS, PLACES),
    unrollOutputTransform(`transformOutput${vectors}`, vectors, 'relu', PLACES),
  ])
  return [...layer1, unrollScatter(kind)].join('')
}
