// What is known of the licences of data sets, for manifests: whoever uses weights may ask.

/** By the names that their folders usually have. As their distributors state it, where they do. */
const LICENCES: ReadonlyMap<string, string> = new Map([
  ['procedural', "this project's own, MIT"],
  ['T91', 'circulates for research; licence unknown'],
  ['BSDS300', 'non-commercial research and educational purposes'],
  ['BSDS400', 'non-commercial research and educational purposes'],
  ['BSDS500', 'non-commercial research and educational purposes'],
  ['Kodak24', 'said to be released by Eastman Kodak for unrestricted usage'],
  ['DIV2K', 'academic research only'],
])

/** Of what PatchSource calls its data, `T91+photos`; undefined where nothing is known of any part. */
export function licenceOf(data: string): string | undefined {
  const sets = data.split('+')
  if (!sets.some((set) => LICENCES.has(set))) return undefined
  return sets.map((set) => `${set}: ${LICENCES.get(set) ?? 'unknown to us'}`).join('; ')
}
