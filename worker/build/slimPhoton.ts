// Makes the photon package's module smaller by removing its font and the code that only unused exports need. Also makes
// the module work in a memory that an earlier instance has used (importedMemory.ts). Rust's allocator gets all its
// memory from one `memory.grow` instruction, which is replaced by a function that first hands out the earlier
// instance's pages.
import { cachedBuild, versionOf } from './buildCache.ts'
import { withoutFont } from './font.ts'
import { PHOTON_EXPORTS } from '../codec/photon.ts'

/**
 * A variable, so that TypeScript does not load the package's types, which would change the type of Array everywhere.
 */
const BINARYEN: string = 'binaryen'

interface BinaryenModule {
  getNumExports(): number
  getExportByIndex(index: number): object
  removeExport(name: string): void
  runPasses(names: readonly string[]): void
  emitText(): string
  emitBinary(): Uint8Array<ArrayBuffer>
}

/** The part of binaryen's API that this file uses. */
interface Binaryen {
  readBinary(wasm: Uint8Array): BinaryenModule
  parseText(text: string): BinaryenModule
  getExportInfo(one: object): { readonly name: string }
}

/** Returns the changed module. `packaged` is the module in the package. */
export async function buildPhoton(packaged: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const inputs = [packaged, PHOTON_EXPORTS.join(), growFrom(''), await versionOf('binaryen')]
  return cachedBuild('codec/plain_photon.wasm', inputs, async () => {
    const { default: binaryen } = (await import(BINARYEN)) as { default: Binaryen }
    const module = binaryen.readBinary(withoutFont(packaged))
    const names = Array.from(
      { length: module.getNumExports() },
      (_, i) => binaryen.getExportInfo(module.getExportByIndex(i)).name,
    )
    for (const name of names) if (!(PHOTON_EXPORTS as readonly string[]).includes(name)) module.removeExport(name)
    module.runPasses(['remove-unused-module-elements'])
    return binaryen.parseText(withReusedPages(module.emitText())).emitBinary()
  })
}

/**
 * Replaces the instruction `memory.grow` in a module's text by a call of $grow. Throws unless the module has exactly
 * one such instruction.
 */
function withReusedPages(text: string): string {
  const pages = /^ \(memory \$\S+ (\d+)/m.exec(text)?.[1]
  const [before, after, ...others] = text.split('(memory.grow\n')
  if (pages === undefined || after === undefined || others.length > 0) {
    throw new Error('expected one memory and one memory.grow instruction')
  }
  const whole = `${before}(call $grow\n${after}`
  return `${whole.slice(0, whole.lastIndexOf(')'))}${growFrom(pages)})`
}

/**
 * Returns the text of $grow, which works like `memory.grow`, but starts at the end of the pages that this instance
 * uses, not at the end of the memory. `pages` is the memory's initial size.
 */
const growFrom = (pages: string) => `
  (global $used (mut i32) (i32.const ${pages}))
  (func $grow (param $more i32) (result i32) (local $from i32) (local $missing i32)
    (local.set $from (global.get $used))
    (local.set $missing (i32.sub (i32.add (local.get $from) (local.get $more)) (memory.size)))
    (if (i32.gt_s (local.get $missing) (i32.const 0)) (then
      (if (i32.eq (memory.grow (local.get $missing)) (i32.const -1)) (then (return (i32.const -1))))))
    (global.set $used (i32.add (local.get $from) (local.get $more)))
    (local.get $from))`
