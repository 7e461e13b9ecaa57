// Makes the photon package's module smaller: removes its font and the code that only unused exports need. It also makes
// the module work in a memory that has been used before (importedMemory.ts): Rust's allocator gets all its memory from
// `memory.grow`, so that one instruction becomes a function that first hands out the pages that an earlier instance
// used.
import { cachedBuild, versionOf } from './buildCache.ts'
import { withoutFont } from './font.ts'
import { PHOTON_EXPORTS } from '../codec/photon.ts'

/** A variable, so that TypeScript does not load the package's types: they change those of Array everywhere. */
const BINARYEN: string = 'binaryen'

interface BinaryenModule {
  getNumExports(): number
  getExportByIndex(index: number): object
  removeExport(name: string): void
  runPasses(names: readonly string[]): void
  emitText(): string
  emitBinary(): Uint8Array<ArrayBuffer>
}

/** The part of the package's API that is used. */
interface Binaryen {
  readBinary(wasm: Uint8Array): BinaryenModule
  parseText(text: string): BinaryenModule
  getExportInfo(one: object): { readonly name: string }
}

/** Returns the changed module; `packaged` is the package's file. */
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

/** Replaces `memory.grow` in a module's text. Throws unless memory is grown in exactly one place. */
function withReusedPages(text: string): string {
  const pages = /^ \(memory \$\S+ (\d+)/m.exec(text)?.[1]
  const [before, after, ...others] = text.split('(memory.grow\n')
  if (pages === undefined || after === undefined || others.length > 0) {
    throw new Error('expected one memory that grows in one place')
  }
  const whole = `${before}(call $grow\n${after}`
  return `${whole.slice(0, whole.lastIndexOf(')'))}${growFrom(pages)})`
}

/** A `memory.grow` that counts from the pages this instance uses; `pages` is its initial size. */
const growFrom = (pages: string) => `
  (global $used (mut i32) (i32.const ${pages}))
  (func $grow (param $more i32) (result i32) (local $from i32) (local $missing i32)
    (local.set $from (global.get $used))
    (local.set $missing (i32.sub (i32.add (local.get $from) (local.get $more)) (memory.size)))
    (if (i32.gt_s (local.get $missing) (i32.const 0)) (then
      (if (i32.eq (memory.grow (local.get $missing)) (i32.const -1)) (then (return (i32.const -1))))))
    (global.set $used (i32.add (local.get $from) (local.get $more)))
    (local.get $from))`
