// A small seeded generator, so that a seed names one training run everywhere. Math: sfc32
// (Chris Doty-Humphrey's PractRand), 128 bits of state, passes PractRand and BigCrush.

export interface Random {
  /** Uniform in [0, 1), 32 bits. */
  next(): number
  /** Uniform integer in [0, bound). */
  below(bound: number): number
  /** Normal with mean 0 and standard deviation 1 (Box-Muller). */
  normal(): number
}

/** A generator that is a pure function of `seed` (any 32-bit integer). */
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
  for (let i = 0; i < 15; i++) next() // spreads the seed over the whole state
  return {
    next,
    below: (bound) => Math.floor(next() * bound),
    normal: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
  }
}
