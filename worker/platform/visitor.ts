// Tells visitors of a Worker apart by their address.

/**
 * Returns the address of a visitor as Cloudflare states it, of an IPv6 address only the first 64 bits, because a household
 * has all addresses that begin with them. Undefined if Cloudflare states none.
 */
export function addressOf({ headers }: Request): string | undefined {
  const address = headers.get('cf-connecting-ip')?.trim().toLowerCase()
  if (!address?.includes(':')) return address || undefined
  // The part before `::` is followed by as many zeros as groups are missing; an IPv4 address at the end is two groups.
  const [start, end] = address.split('::').map((part) => (part === '' ? [] : part.split(':')))
  const groups = end === undefined ? start : [...start, ...zeros(8 - start.length - widthOf(end)), ...end]
  return `${groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')}::/64`
}

const zeros = (count: number) => Array.from({ length: Math.max(0, count) }, () => '0')
const widthOf = (groups: readonly string[]) => groups.length + (groups.at(-1)?.includes('.') ? 1 : 0)
