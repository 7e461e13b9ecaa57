// The known licences of data sets. They are written to manifests, because users of the weights need them.

/** Licences by the usual name of the folder, as the distributor states them, if it does. */
const LICENCES: ReadonlyMap<string, string> = new Map([
  ['procedural', "this project's own, MIT"],
  ['T91', 'circulates for research; licence unknown'],
  ['BSDS300', 'non-commercial research and educational purposes'],
  ['BSDS400', 'non-commercial research and educational purposes'],
  ['BSDS500', 'non-commercial research and educational purposes'],
  ['Kodak24', 'said to be released by Eastman Kodak for unrestricted usage'],
  ['DIV2K', 'academic research only'],
])

/** Returns the licences of data named as in PatchSource, `T91+photos`; undefined if none of its parts is known. */
export function licenceOf(data: string): string | undefined {
  const sets = data.split('+')
  if (!sets.some((set) => LICENCES.has(set))) return undefined
  return sets.map((set) => `${set}: ${LICENCES.get(set) ?? 'unknown to us'}`).join('; ')
}
