// Damages files: cuts them off, zeroes or overwrites their end, or flips bits. The first bytes stay unchanged, so that
// the format is still recognised and a decoder gets the file.
import type { Random } from '../../../worker/image/prng.ts'

export const DAMAGES = ['truncated', 'zeroed', 'flipped', 'overwritten'] as const
export type Damage = (typeof DAMAGES)[number]

/** Number of bytes that stay unchanged. No format has a longer signature. */
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
