// CRC-32 as PNG defines it: https://www.w3.org/TR/png-3/#5CRC-algorithm

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? 0xedb88320 ^ (crc >>> 1) : crc >>> 1
  return crc
})

/** Returns the checksum of the concatenated parts. */
export function crc32(parts: readonly Uint8Array[]): number {
  let crc = ~0
  for (const part of parts) {
    for (let i = 0; i < part.length; i++) crc = TABLE[(crc ^ part[i]) & 255] ^ (crc >>> 8)
  }
  return ~crc >>> 0
}
