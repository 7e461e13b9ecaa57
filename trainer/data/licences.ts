// The known licences of data sets. They are written to manifests, because users of the weights need them.

/**
 * Licence of each set, by the usual name of the set's folder, in the distributor's words if the distributor states one.
 */
const LICENCES: ReadonlyMap<string, string> = new Map([
  ['procedural', "this project's own, MIT"],
  ['T91', 'circulates for research; licence unknown'],
  ['BSDS300', 'non-commercial research and educational purposes'],
  ['BSDS400', 'non-commercial research and educational purposes'],
  ['BSDS500', 'non-commercial research and educational purposes'],
  ['Kodak24', 'said to be released by Eastman Kodak for unrestricted usage'],
  ['DIV2K', 'academic research only'],
])

/**
 * Returns the licences of the sets in a name such as `T91+photos` (see PatchSource). Returns undefined if none of the
 * sets is known.
 */
export function licenceOf(data: string): string | undefined {
  const sets = data.split('+')
  if (!sets.some((set) => LICENCES.has(set))) return undefined
  return sets.map((set) => `${set}: ${LICENCES.get(set) ?? 'unknown to us'}`).join('; ')
}
