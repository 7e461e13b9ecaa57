// Huffman codes of a limited length, for JPEG and for WebP's alpha channel.

/**
 * Returns the length in bits of each symbol's Huffman code, which is optimal for these frequencies. A symbol that does
 * not occur has length 0; if only one symbol occurs, its length is 0, too. Lengths above `maxBits` are shortened as in
 * ITU-T T.81, K.2, which makes the coded data only slightly longer.
 */
export function fitCodeLengths(frequencies: Iterable<number>, maxBits: number): Uint8Array {
  const lengths = optimalLengths([...frequencies])
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
  const symbols: number[] = []
  let codes = 0
  for (let symbol = 0; symbol < lengths.length; symbol++) if (lengths[symbol] > 0) codes++
  for (let length = 1; symbols.length < codes; length++) {
    for (let symbol = 0; symbol < lengths.length; symbol++) if (lengths[symbol] === length) symbols.push(symbol)
  }
  return symbols
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

/** Returns the depth of each symbol in Huffman's tree of the symbols that occur. */
function optimalLengths(frequencies: readonly number[]): number[] {
  const symbols: number[] = []
  for (let symbol = 0; symbol < frequencies.length; symbol++) if (frequencies[symbol] > 0) symbols.push(symbol)
  symbols.sort((a, b) => frequencies[a] - frequencies[b] || b - a)
  const leaves = symbols.length
  // The leaves by weight, then the inner nodes in the order in which they are made, which is by weight, too.
  const weights = Float64Array.from(symbols, (symbol) => frequencies[symbol])
  const inner = new Float64Array(Math.max(0, leaves - 1))
  const parents = new Uint16Array(2 * leaves)
  let leaf = 0
  let node = 0
  const takeLightest = (made: number): number => {
    const isLeaf = node === made || (leaf < leaves && weights[leaf] <= inner[node])
    return isLeaf ? leaf++ : leaves + node++
  }
  const weightOf = (index: number) => (index < leaves ? weights[index] : inner[index - leaves])
  for (let made = 0; made < leaves - 1; made++) {
    const [a, b] = [takeLightest(made), takeLightest(made)]
    parents[a] = parents[b] = leaves + made
    inner[made] = weightOf(a) + weightOf(b)
  }
  // The last node is the root. A parent has a higher index than its children.
  const depths = new Uint8Array(2 * leaves)
  for (let i = 2 * leaves - 3; i >= 0; i--) depths[i] = depths[parents[i]] + 1
  const lengths = Array<number>(frequencies.length).fill(0)
  for (const [i, symbol] of symbols.entries()) lengths[symbol] = depths[i]
  return lengths
}
