// Makes a WebAssembly module start with as little memory as it can. The codecs' packages ask for
// 16 MiB; dead memories are collected late, so an isolate fills up with them. More is grown on demand.
import { endOfData, openSection } from './sections.ts'

const PAGE_BYTES = 65_536

const MEMORY_SECTION = 5
const GLOBAL_SECTION = 6

const I32 = 0x7f
const I32_CONST = 0x41

/** The same module with a memory of `pages` (64 KiB each) at the start. */
export function withInitialPages(
  wasm: Uint8Array<ArrayBuffer>,
  pages: number,
): Uint8Array<ArrayBuffer> {
  const reader = openSection(wasm, MEMORY_SECTION)
  const count = reader.integer()
  reader.byte() // flags: whether there is a maximum
  const from = reader.at()
  const before = reader.integer()
  const end = reader.at()
  if (count !== 1 || pages > before) {
    throw new Error(`expected one memory of at least ${pages} pages, got ${count} of ${before}`)
  }
  const patched = wasm.slice()
  // In as many bytes as before (a LEB128 number may be padded), so nothing else has to move.
  for (let at = from, rest = pages; at < end; at++, rest = Math.floor(rest / 128)) {
    patched[at] = (rest % 128) | (at < end - 1 ? 0x80 : 0)
  }
  return patched
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
