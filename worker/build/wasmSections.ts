// Reads those parts of a WebAssembly module's sections that the build needs:
// https://webassembly.github.io/spec/core/binary/modules.html

const DATA_SECTION = 11
const I32_CONST = 0x41

/** A piece of data that is copied to a module's memory when the module starts. */
export interface DataSegment {
  /** Address of the data in memory, in bytes. */
  readonly address: number
  /** Offset of the data in the file, in bytes. */
  readonly at: number
  readonly length: number
}

/** Returns the module's data segments. Throws if the address of a segment is not a constant. */
export function dataOf(wasm: Uint8Array): DataSegment[] {
  const reader = openSection(wasm, DATA_SECTION)
  return Array.from({ length: reader.integer() }, () => {
    if (reader.integer() !== 0 || reader.byte() !== I32_CONST) {
      throw new Error('expected data segments with a constant address in memory')
    }
    const address = reader.integer()
    reader.byte() // the end of the expression
    const length = reader.integer()
    const at = reader.at()
    reader.skip(length)
    return { address, at, length }
  })
}

/** Returns the address after the last byte of data. */
export function endOfData(wasm: Uint8Array): number {
  return Math.max(0, ...dataOf(wasm).map(({ address, length }) => address + length))
}

/** A section of the file. `start`, `content` and `end` are offsets in bytes. */
export interface Section {
  readonly id: number
  /** Offset of the section's first byte, which contains `id`. */
  readonly start: number
  /** Offset of the section's content, which follows id and length. */
  readonly content: number
  readonly end: number
}

/** Returns all sections in file order. */
export function sectionsOf(wasm: Uint8Array): Section[] {
  const sections: Section[] = []
  const reader = readFrom(wasm, 8) // after the magic bytes and the version
  while (reader.at() < wasm.length) {
    const start = reader.at()
    const id = reader.byte()
    const length = reader.integer()
    const content = reader.at()
    reader.skip(length)
    sections.push({ id, start, content, end: reader.at() })
  }
  return sections
}

/** Returns a reader at the start of a section's content. Throws if the module has no section with this id. */
export function openSection(wasm: Uint8Array, id: number) {
  const section = sectionsOf(wasm).find((one) => one.id === id)
  if (!section) throw new Error(`the module has no section ${id}`)
  return readFrom(wasm, section.content)
}

/** Encodes an unsigned LEB128 integer. */
export function encodeInteger(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...encodeInteger(value >>> 7)]
}

function readFrom(wasm: Uint8Array, start: number) {
  let at = start
  const byte = () => wasm[at++]
  return {
    byte,
    at: () => at,
    skip: (bytes: number) => void (at += bytes),
    /**
     * Reads a LEB128 integer of up to 32 bits as unsigned. Signed integers are never negative here, so this reads them
     * correctly, too.
     */
    integer() {
      let value = 0
      for (let shift = 0; ; shift += 7) {
        const part = byte()
        value |= (part & 0x7f) << shift
        if (part < 0x80) return value >>> 0
      }
    },
  }
}
