// A WebAssembly module's sections and their encoding, as far as the builds look into them:
// https://webassembly.github.io/spec/core/binary/modules.html

const DATA_SECTION = 11
const I32_CONST = 0x41

/** A piece of what a module's memory begins with. */
export interface DataSegment {
  /** In the memory. */
  readonly address: number
  /** In the file. */
  readonly at: number
  readonly length: number
}

export function dataOf(wasm: Uint8Array): DataSegment[] {
  const reader = openSection(wasm, DATA_SECTION)
  return Array.from({ length: reader.integer() }, () => {
    if (reader.integer() !== 0 || reader.byte() !== I32_CONST) {
      throw new Error('expected data with a place in memory')
    }
    const address = reader.integer()
    reader.byte() // the end of the expression
    const length = reader.integer()
    const at = reader.at()
    reader.skip(length)
    return { address, at, length }
  })
}

/** How far the data reaches in memory. */
export function endOfData(wasm: Uint8Array): number {
  return Math.max(0, ...dataOf(wasm).map(({ address, length }) => address + length))
}

/** Where a section lies in the file. */
export interface Section {
  readonly id: number
  /** Its first byte, `id`. */
  readonly start: number
  /** What is behind its id and its length. */
  readonly content: number
  readonly end: number
}

/** In the order of the file. */
export function sectionsOf(wasm: Uint8Array): Section[] {
  const sections: Section[] = []
  const reader = readFrom(wasm, 8) // behind the magic bytes and the version
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

/** Reads from where the content of the section with this id begins. */
export function openSection(wasm: Uint8Array, id: number) {
  const section = sectionsOf(wasm).find((one) => one.id === id)
  if (!section) throw new Error(`no section ${id}`)
  return readFrom(wasm, section.content)
}

/** LEB128, without a sign. */
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
    /** LEB128 of 32 bits; what is signed there is never negative here. */
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
