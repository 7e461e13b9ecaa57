// What happens to files: cut short, blanked, bits turned. Behind their first bytes, so that they are still known
// for what they are and reach a decoder.
import type { Random } from '../../../worker/image/prng.ts'

export const DAMAGES = ['truncated', 'zeroed', 'flipped', 'overwritten'] as const
export type Damage = (typeof DAMAGES)[number]

/** More than the signatures of all formats. */
const SIGNATURE_BYTES = 12

export function damaged(file: Uint8Array, how: Damage, random: Random): Uint8Array {
  const at = SIGNATURE_BYTES + random.below(file.length - SIGNATURE_BYTES)
  const bytes = Uint8Array.from(file)
  switch (how) {
    case 'truncated':
      return bytes.slice(0, at)
    case 'zeroed':
      return bytes.fill(0, at)
    case 'flipped':
      for (let flips = 1 + random.below(16); flips > 0; flips--) {
        const one = SIGNATURE_BYTES + random.below(file.length - SIGNATURE_BYTES)
        bytes[one] ^= 1 << random.below(8)
      }
      return bytes
    case 'overwritten':
      return bytes.map((byte, i) => (i < at ? byte : random.below(256)))
  }
}
