// The known licences of data sets. They are written to manifests, because users of the weights need them.

interface Licence {
  /** The distributor's words if the distributor states a licence. */
  readonly text: string
  /** True if anyone may use weights from these pictures for anything, sales included. */
  readonly isFree: boolean
}

/** Licence of each set, by the usual name of the set's folder. */
const LICENCES: ReadonlyMap<string, Licence> = new Map([
  ['procedural', { text: "this project's own, MIT", isFree: true }],
  ['T91', { text: 'circulates for research; licence unknown', isFree: false }],
  ['BSDS300', { text: 'non-commercial research and educational purposes', isFree: false }],
  ['BSDS400', { text: 'non-commercial research and educational purposes', isFree: false }],
  ['BSDS500', { text: 'non-commercial research and educational purposes', isFree: false }],
  ['Kodak24', { text: 'said to be released by Eastman Kodak for unrestricted usage', isFree: false }],
  ['DIV2K', { text: 'academic research only', isFree: false }],
])

/**
 * Returns the licences of the sets in a name such as `T91+photos` (see PatchSource). Returns undefined if none of the
 * sets is known.
 */
export function licenceOf(data: string): string | undefined {
  const sets = data.split('+')
  if (!sets.some((set) => LICENCES.has(set))) return undefined
  return sets.map((set) => `${set}: ${LICENCES.get(set)?.text ?? 'unknown to us'}`).join('; ')
}

/** Returns true if all sets of a manifest's `data`, such as `procedural (114 images)`, are known to be free. */
export function isFree(data: string | undefined): boolean {
  const [name] = (data ?? '').split(' ', 1)
  return name.split('+').every((set) => LICENCES.get(set)?.isFree === true)
}
