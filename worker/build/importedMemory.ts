// Makes a WebAssembly module import its memory, so that a new instance can reuse an old instance's memory
// (codec/instance.ts), and lowers its initial size to what the module needs: the codecs' packages ask for 16 MiB.
// Memory still grows on demand.
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

/** Encodes a name: its length, then UTF-8. */
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
 * Returns the number of pages that hold the static data and the stack of a module linked by Emscripten: first the data,
 * then variables that start as zero, then the stack, which grows down from the start of the heap.
 */
export function neededPages(wasm: Uint8Array): number {
  const stack = stackPointer(wasm)
  const dataEnd = endOfData(wasm)
  // Else variables that start as zero could be above the stack, and the file does not say how much memory they take.
  if (stack < dataEnd) throw new Error(`the stack at ${stack} is below the data's end, ${dataEnd}`)
  return Math.ceil(stack / PAGE_BYTES)
}

/** Returns the initial stack pointer: in LLVM's output it is the first global. */
function stackPointer(wasm: Uint8Array): number {
  const reader = openSection(wasm, GLOBAL_SECTION)
  reader.integer() // how many there are
  const [type, isMutable, operation] = [reader.byte(), reader.byte(), reader.byte()]
  if (type !== I32 || isMutable !== 1 || operation !== I32_CONST) {
    throw new Error('expected a stack pointer as the first global: a mutable i32')
  }
  return reader.integer()
}
