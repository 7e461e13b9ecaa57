// A small seeded random number generator: the same seed gives the same training run on every machine. Algorithm: sfc32
// (Chris Doty-Humphrey's PractRand), 128 bits of state, passes PractRand and BigCrush.

export interface Random {
  /** Returns a number that is uniform in [0, 1), with 32 random bits. */
  next(): number
  /** Returns an integer that is uniform in [0, bound). */
  below(bound: number): number
  /** Returns a normally distributed number, mean 0 and standard deviation 1 (Box-Muller). */
  normal(): number
}

/** Creates a generator whose numbers depend only on `seed` (any 32-bit integer). */
export function createRandom(seed: number): Random {
  let a = 0x9e3779b9
  let b = 0x243f6a88
  let c = 0xb7e15162
  let d = seed | 0
  const next = () => {
    const t = (((a + b) | 0) + d) | 0
    d = (d + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (c << 21) | (c >>> 11)
    c = (c + t) | 0
    return (t >>> 0) / 2 ** 32
  }
  for (let i = 0; i < 15; i++) next() // spread the seed over the whole state
  return {
    next,
    below: (bound) => Math.floor(next() * bound),
    normal: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
  }
}
