// Photon's module as we use it: without its font, without what the exports that we do not call need, and at ease
// in a memory that is large already (importedMemory.ts gives it one). Rust's allocator gets all it needs from `memory.grow`; here that one
// instruction is a function that gives out first what an instance before has left.
import { builtFile, versionOf } from './buildCache.ts'
import { withoutFont } from './font.ts'
import { PHOTON_EXPORTS } from '../codec/photon.ts'

/** By a name that TypeScript does not follow: the package's types change those of Array for all of us. */
const BINARYEN: string = 'binaryen'

interface BinaryenModule {
  getNumExports(): number
  getExportByIndex(index: number): object
  removeExport(name: string): void
  runPasses(names: readonly string[]): void
  emitText(): string
  emitBinary(): Uint8Array<ArrayBuffer>
}

/** What is used of it. */
interface Binaryen {
  readBinary(wasm: Uint8Array): BinaryenModule
  parseText(text: string): BinaryenModule
  getExportInfo(one: object): { readonly name: string }
}

/** `packaged` is the package's file. */
export async function buildPhoton(packaged: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const madeOf = [packaged, PHOTON_EXPORTS.join(), growFrom(''), await versionOf('binaryen')]
  return builtFile('codec/plain_photon.wasm', madeOf, async () => {
    const { default: binaryen } = (await import(BINARYEN)) as { default: Binaryen }
    const module = binaryen.readBinary(withoutFont(packaged))
    const names = Array.from(
      { length: module.getNumExports() },
      (_, i) => binaryen.getExportInfo(module.getExportByIndex(i)).name,
    )
    for (const name of names) if (!(PHOTON_EXPORTS as readonly string[]).includes(name)) module.removeExport(name)
    module.runPasses(['remove-unused-module-elements'])
    return binaryen.parseText(withPagesOfBefore(module.emitText())).emitBinary()
  })
}

/** A module's text. Throws where memory is not grown in just one place. */
function withPagesOfBefore(text: string): string {
  const pages = /^ \(memory \$\S+ (\d+)/m.exec(text)?.[1]
  const [before, after, ...others] = text.split('(memory.grow\n')
  if (pages === undefined || after === undefined || others.length > 0) {
    throw new Error('expected one memory that is grown in one place')
  }
  const whole = `${before}(call $grow\n${after}`
  return `${whole.slice(0, whole.lastIndexOf(')'))}${growFrom(pages)})`
}

/** As memory.grow, counted from what this instance uses. */
const growFrom = (pages: string) => `
  (global $used (mut i32) (i32.const ${pages}))
  (func $grow (param $more i32) (result i32) (local $from i32) (local $missing i32)
    (local.set $from (global.get $used))
    (local.set $missing (i32.sub (i32.add (local.get $from) (local.get $more)) (memory.size)))
    (if (i32.gt_s (local.get $missing) (i32.const 0)) (then
      (if (i32.eq (memory.grow (local.get $missing)) (i32.const -1)) (then (return (i32.const -1))))))
    (global.set $used (i32.add (local.get $from) (local.get $more)))
    (local.get $from))`
