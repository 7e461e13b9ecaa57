// Huffman tables of baseline JPEG: ITU-T T.81, Annex C (codes), F.2.2.3 (decoding), K.2 (fitting).

/** Longest code that a JPEG may use, in bits. */
export const MAX_CODE_BITS = 16

/** As a DHT segment has it: how many codes of each length 1 to 16, then their symbols in code order. */
export interface HuffmanTable {
  readonly counts: Uint8Array
  readonly symbols: Uint8Array
}

/** For each code length: the first code that is longer, left-aligned, and where its symbols begin. */
export interface SymbolLookup {
  readonly limits: Int32Array
  readonly offsets: Int32Array
  readonly symbols: Uint8Array
}

export function symbolLookup({ counts, symbols }: HuffmanTable): SymbolLookup {
  const limits = new Int32Array(MAX_CODE_BITS + 1)
  const offsets = new Int32Array(MAX_CODE_BITS + 1)
  let code = 0
  let symbol = 0
  for (let bits = 1; bits <= MAX_CODE_BITS; bits++) {
    offsets[bits] = symbol - code
    code += counts[bits - 1]!
    symbol += counts[bits - 1]!
    limits[bits] = code << (MAX_CODE_BITS - bits)
    code <<= 1
  }
  return { limits, offsets, symbols }
}

/** Codes and their lengths in bits, by symbol. */
export interface CodeLookup {
  readonly codes: Uint16Array
  readonly bits: Uint8Array
}

export function codeLookup({ counts, symbols }: HuffmanTable): CodeLookup {
  const lookup = { codes: new Uint16Array(256), bits: new Uint8Array(256) }
  let code = 0
  let next = 0
  for (let bits = 1; bits <= MAX_CODE_BITS; bits++) {
    for (const end = next + counts[bits - 1]!; next < end; next++) {
      lookup.codes[symbols[next]!] = code++
      lookup.bits[symbols[next]!] = bits
    }
    code <<= 1
  }
  return lookup
}

/** The table that codes symbols of these frequencies (256 of them) in the fewest bits. */
export function fitTable(frequencies: Uint32Array): HuffmanTable {
  // One symbol more than there are keeps the code of all ones free, as JPEG demands.
  const weights = [...frequencies, 1]
  const lengths = weights.map(() => 0)
  const groups = weights.map((_, symbol) => [symbol])
  for (;;) {
    const [a, b] = twoLightest(weights)
    if (b < 0) break
    weights[a]! += weights[b]!
    weights[b] = 0
    groups[a]!.push(...groups[b]!)
    for (const symbol of groups[a]!) lengths[symbol]!++
  }

  const lengthCounts: number[] = weights.map(() => 0)
  for (const length of lengths) lengthCounts[length]!++
  // Pairs of too long codes give their prefix to one of them; the other goes below a shorter code.
  for (let length = lengthCounts.length - 1; length > MAX_CODE_BITS; length--) {
    while (lengthCounts[length]! > 0) {
      let shorter = length - 2
      while (lengthCounts[shorter] === 0) shorter--
      lengthCounts[length]! -= 2
      lengthCounts[length - 1]!++
      lengthCounts[shorter + 1]! += 2
      lengthCounts[shorter]!--
    }
  }
  const counts = Uint8Array.from(lengthCounts.slice(1, MAX_CODE_BITS + 1))
  const longest = counts.findLastIndex((count) => count > 0)
  counts[longest]!--

  const used = [...frequencies.keys()].filter((symbol) => frequencies[symbol]! > 0)
  const symbols = Uint8Array.from(used.toSorted((a, b) => lengths[a]! - lengths[b]! || a - b))
  return { counts, symbols }
}

/** Indices of the two smallest weights above zero; of equals the later one, -1 where there is none. */
function twoLightest(weights: readonly number[]): [number, number] {
  let first = -1
  let second = -1
  for (const [i, weight] of weights.entries()) {
    if (weight === 0) continue
    if (first < 0 || weight <= weights[first]!) {
      second = first
      first = i
    } else if (second < 0 || weight <= weights[second]!) second = i
  }
  return [first, second]
}
