// Huffman codes of a limited length, for JPEG and for WebP's alpha channel.

/**
 * Returns the length in bits of each symbol's Huffman code, which is optimal for these frequencies. A symbol that does
 * not occur has length 0; if only one symbol occurs, its length is 0, too. Lengths above `maxBits` are shortened as in
 * ITU-T T.81, K.2, which makes the coded data only slightly longer.
 */
export function fitCodeLengths(frequencies: Iterable<number>, maxBits: number): Uint8Array {
  const all = [...frequencies]
  const lengths = all.map(() => 0)
  const weights = all.filter((weight) => weight > 0)
  const groups = [...all.keys()].filter((symbol) => all[symbol] > 0).map((symbol) => [symbol])
  for (;;) {
    const [a, b] = twoLightest(weights)
    if (b < 0) break
    weights[a] += weights[b]
    weights[b] = 0
    groups[a].push(...groups[b])
    for (const symbol of groups[a]) lengths[symbol]++
  }

  const counts: number[] = lengths.map(() => 0)
  for (const length of lengths) counts[length]++
  // Shortens two codes that are too long and differ only in their last bit. One of the two symbols gets their common
  // prefix. To get a code for the other symbol, a shorter code is split into two codes that are one bit longer.
  for (let length = counts.length - 1; length > maxBits; length--) {
    while (counts[length] > 0) {
      let shorter = length - 2
      while (counts[shorter] === 0) shorter--
      counts[length] -= 2
      counts[length - 1]++
      counts[shorter]--
      counts[shorter + 1] += 2
    }
  }

  const limited = new Uint8Array(lengths.length)
  let bits = 1
  for (const symbol of inCodeOrder(lengths)) {
    while (counts[bits] === 0) bits++
    limited[symbol] = bits
    counts[bits]--
  }
  return limited
}

/** Returns the symbols that have a code, ordered by code length, then by symbol. */
export function inCodeOrder(lengths: ArrayLike<number>): number[] {
  const symbols = Array.from(lengths, (_, symbol) => symbol).filter((symbol) => lengths[symbol] > 0)
  return symbols.toSorted((a, b) => lengths[a] - lengths[b] || a - b)
}

/**
 * Returns the code of each symbol. The symbols of `inCodeOrder` get ascending codes (ITU-T T.81, C.2; also WebP and
 * deflate).
 */
export function assignCodes(lengths: Uint8Array): Uint16Array {
  const codes = new Uint16Array(lengths.length)
  let next = 0
  let bits = 0
  for (const symbol of inCodeOrder(lengths)) {
    next <<= lengths[symbol] - bits
    bits = lengths[symbol]!
    codes[symbol] = next++
  }
  return codes
}

/**
 * Returns the indices of the two smallest weights above zero, or -1 for a missing one. Of equal weights it takes the
 * later one first.
 */
function twoLightest(weights: readonly number[]): [number, number] {
  let first = -1
  let second = -1
  for (const [i, weight] of weights.entries()) {
    if (weight === 0) continue
    if (first < 0 || weight <= weights[first]) {
      second = first
      first = i
    } else if (second < 0 || weight <= weights[second]) second = i
  }
  return [first, second]
}
