// Random numbers of a run: from its single seed, every use draws a stream of its own.
import { createRandom } from '../../worker/image/prng.ts'

/** Numbers of the streams: no two uses of a seed draw the same random numbers. */
export const BATCH_STREAM = 1
export const ORDER_STREAM = 2
export const PICTURE_STREAM = 3
export const SCENE_STREAM = 4

/** Returns a 32-bit seed for element `index` of a stream, mixed by the finaliser of MurmurHash3 (Appleby). */
export function mixSeed(seed: number, stream: number, index: number): number {
  let h = seed | 0
  for (const value of [stream, index, Math.floor(index / 2 ** 32)]) {
    h = Math.imul(h ^ value, 0x85ebca6b)
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
    h ^= h >>> 16
  }
  return h
}

/**
 * Returns a function from a position to an element of an endless sequence: one full shuffle of 0..count-1 after
 * another.
 */
export function createShuffle(count: number, seed: number): (position: number) => number {
  const order = new Uint32Array(count)
  let shuffled = -1
  return (position) => {
    const epoch = Math.floor(position / count)
    if (epoch !== shuffled) {
      const random = createRandom(mixSeed(seed, ORDER_STREAM, epoch))
      for (let i = 0; i < count; i++) {
        const j = random.below(i + 1)
        order[i] = order[j]
        order[j] = i
      }
      shuffled = epoch
    }
    return order[position % count]
  }
}
