// Changes a WebAssembly module so that it imports its memory: a new instance can then reuse the memory of an old
// instance (codec/instance.ts). Also lowers the memory's initial size to what the module needs, because the codecs'
// packages ask for 16 MiB. Memory still grows on demand.
import { concat } from '../base/concat.ts'
import { MEMORY_IMPORT } from '../codec/instance.ts'
import { encodeInteger, endOfData, openSection, sectionsOf } from './wasmSections.ts'

const PAGE_BYTES = 65_536

const TYPE_SECTION = 1
const IMPORT_SECTION = 2
const MEMORY_SECTION = 5
const GLOBAL_SECTION = 6

const I32 = 0x7f
const I32_CONST = 0x41
const IMPORTED_MEMORY = 2
const WITHOUT_MAXIMUM = 0

/** Returns the module with a memory of at least `pages` (64 KiB each) as its last import. */
export function withImportedMemory(wasm: Uint8Array<ArrayBuffer>, pages = initialPages(wasm)): Uint8Array<ArrayBuffer> {
  const own = initialPages(wasm)
  if (pages > own) throw new Error(`expected a memory of at least ${pages} pages, got ${own}`)
  const entry = [
    ...nameOf(MEMORY_IMPORT),
    ...nameOf(`${pages}`),
    IMPORTED_MEMORY,
    WITHOUT_MAXIMUM,
    ...encodeInteger(pages),
  ]
  const sections = sectionsOf(wasm)
  const imports = sections.find(({ id }) => id === IMPORT_SECTION)
  const before = imports ?? sections.find(({ id }) => id === TYPE_SECTION)!
  const memory = sections.find(({ id }) => id === MEMORY_SECTION)!
  let others: Uint8Array = new Uint8Array(0)
  let count = 0
  if (imports) {
    const reader = openSection(wasm, IMPORT_SECTION)
    count = reader.integer()
    others = wasm.subarray(reader.at(), imports.end)
  }
  const content = concat([Uint8Array.from(encodeInteger(count + 1)), others, Uint8Array.from(entry)])
  return concat([
    wasm.subarray(0, imports ? imports.start : before.end),
    Uint8Array.from([IMPORT_SECTION, ...encodeInteger(content.length)]),
    content,
    wasm.subarray(before.end, memory.start),
    wasm.subarray(memory.end),
  ])
}

/** Encodes a name as its length and its UTF-8 bytes. */
function nameOf(text: string): number[] {
  const bytes = new TextEncoder().encode(text)
  return [...encodeInteger(bytes.length), ...bytes]
}

function initialPages(wasm: Uint8Array): number {
  const reader = openSection(wasm, MEMORY_SECTION)
  const count = reader.integer()
  if (count !== 1) throw new Error(`expected one memory, got ${count}`)
  reader.byte() // flags: 1 if there is a maximum
  return reader.integer()
}

/**
 * Returns how many pages a module linked by Emscripten needs for its static data and stack. Memory begins with the
 * data, then come variables that start as zero, then the stack, which grows down from the start of the heap.
 */
export function neededPages(wasm: Uint8Array): number {
  const stack = stackPointer(wasm)
  const dataEnd = endOfData(wasm)
  // If the stack were below the data, variables that start as zero could be above the data. The needed memory would
  // then be unknown, because the file does not state the size of these variables.
  if (stack < dataEnd) throw new Error(`the stack at ${stack} is below the data's end, ${dataEnd}`)
  return Math.ceil(stack / PAGE_BYTES)
}

/** Returns the initial stack pointer, which is the first global in LLVM's output. */
function stackPointer(wasm: Uint8Array): number {
  const reader = openSection(wasm, GLOBAL_SECTION)
  reader.integer() // the number of globals
  const [type, isMutable, operation] = [reader.byte(), reader.byte(), reader.byte()]
  if (type !== I32 || isMutable !== 1 || operation !== I32_CONST) {
    throw new Error('expected a stack pointer as the first global: a mutable i32')
  }
  return reader.integer()
}
