// Makes a WebAssembly module take its memory from outside, so that a new instance can be given one that is there
// already (instance.ts), and start with as little of it as it can: the packages of codecs ask for 16 MiB.
// More is grown on demand.
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

/** The same module, whose memory of at least `pages` (64 KiB each) is the last of its imports. */
export function withImportedMemory(wasm: Uint8Array<ArrayBuffer>, pages = initialPages(wasm)): Uint8Array<ArrayBuffer> {
  const own = initialPages(wasm)
  if (pages > own) throw new Error(`expected a memory of at least ${pages} pages, got ${own}`)
  const entry = [
    ...named(MEMORY_IMPORT),
    ...named(`${pages}`),
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

function named(text: string): number[] {
  const bytes = new TextEncoder().encode(text)
  return [...encodeInteger(bytes.length), ...bytes]
}

function initialPages(wasm: Uint8Array): number {
  const reader = openSection(wasm, MEMORY_SECTION)
  const count = reader.integer()
  if (count !== 1) throw new Error(`expected one memory, got ${count}`)
  reader.byte() // flags: whether there is a maximum
  return reader.integer()
}

/**
 * How many pages hold the static data and the stack of a module that Emscripten linked: first the data,
 * then what starts as zero, then the stack, which grows down from where the heap begins.
 */
export function neededPages(wasm: Uint8Array): number {
  const stack = stackPointer(wasm)
  const dataEnd = endOfData(wasm)
  // Otherwise what starts as zero could be above, and nothing in the file tells how much that is.
  if (stack < dataEnd) throw new Error(`the stack at ${stack} is below the data's end, ${dataEnd}`)
  return Math.ceil(stack / PAGE_BYTES)
}

/** LLVM's first global. */
function stackPointer(wasm: Uint8Array): number {
  const reader = openSection(wasm, GLOBAL_SECTION)
  reader.integer() // how many there are
  const [type, isMutable, operation] = [reader.byte(), reader.byte(), reader.byte()]
  if (type !== I32 || isMutable !== 1 || operation !== I32_CONST) {
    throw new Error('the first global is no stack pointer')
  }
  return reader.integer()
}
