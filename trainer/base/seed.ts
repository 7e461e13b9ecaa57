// Derives all random numbers of a run from the run's single seed. Each use of the seed draws from a separate stream.
import { createRandom } from '../../worker/image/prng.ts'

/** Each use of the seed has a stream with a number of its own, so that no two uses draw the same random numbers. */
export const BATCH_STREAM = 1
export const ORDER_STREAM = 2
export const PICTURE_STREAM = 3
export const SCENE_STREAM = 4

/**
 * Returns a 32-bit seed for element `index` of a stream. Mixes the arguments with the finaliser of MurmurHash3
 * (Appleby).
 */
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
 * Returns a function that maps a position, from 0, to one of the numbers 0..count-1. Positions 0..count-1 yield each
 * number once in random order, the next `count` positions yield each number once in another order, and so on.
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
