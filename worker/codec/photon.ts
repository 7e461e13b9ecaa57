// PNG, GIF and BMP decoding by photon (Rust's image crate), without the glue of its package: that
// glue makes one instance for the life of the process, and an instance that has trapped cannot be
// trusted again. These export names belong to wasm-bindgen's internals: @cf-wasm/photon is pinned.
//
// Each decode has an instance of its own (1.3 MB before it reads the file). Rewinding one, as instance.ts
// does, would not reuse its memory: Rust's allocator gets all it needs from memory.grow, never from what
// is there already.

/* oxlint-disable no-underscore-dangle -- wasm-bindgen's names */
import type { Rgba } from '../image/plane.ts'
import { CodecError } from './error.ts'
import type { Header } from './header.ts'
import { asPromised } from './stored.ts'

interface PhotonExports {
  readonly memory: WebAssembly.Memory
  readonly __wbindgen_externrefs: WebAssembly.Table
  __wbindgen_start(): void
  __wbindgen_malloc(bytes: number, align: number): number
  photonimage_new_from_byteslice(pointer: number, bytes: number): number
  photonimage_get_width(image: number): number
  photonimage_get_height(image: number): number
  photonimage_get_raw_pixels(image: number): [pointer: number, bytes: number]
}

/** All that is used of its 216. */
export const PHOTON_EXPORTS: readonly (keyof PhotonExports)[] = [
  'memory',
  '__wbindgen_externrefs',
  '__wbindgen_start',
  '__wbindgen_malloc',
  'photonimage_new_from_byteslice',
  'photonimage_get_width',
  'photonimage_get_height',
  'photonimage_get_raw_pixels',
]

/** Decodes a PNG, the first frame of a GIF, or a BMP. Throws a RuntimeError on anything it cannot read. */
export async function decodeWithPhoton(
  module: WebAssembly.Module,
  bytes: Uint8Array,
  header: Header,
): Promise<Rgba> {
  const photon = await startPhoton(module)
  const file = photon.__wbindgen_malloc(bytes.length, 1) >>> 0
  new Uint8Array(photon.memory.buffer).set(bytes, file)
  const image = photon.photonimage_new_from_byteslice(file, bytes.length)
  const width = photon.photonimage_get_width(image) >>> 0
  const height = photon.photonimage_get_height(image) >>> 0
  const [pixels, length] = photon.photonimage_get_raw_pixels(image)
  // A copy: the instance, its memory with it, is dropped here, so nothing is freed one by one.
  const data = new Uint8Array(photon.memory.buffer, pixels >>> 0, length >>> 0).slice()
  return asPromised({ width, height, data }, header)
}

async function startPhoton(module: WebAssembly.Module): Promise<PhotonExports> {
  const imports: Record<string, Record<string, () => void>> = {}
  let photon: PhotonExports | undefined
  for (const { module: space, name } of WebAssembly.Module.imports(module)) {
    // Canvas, window and console functions: never called while decoding.
    const stub = () => {
      throw new CodecError(`photon called ${name}`)
    }
    const functions = (imports[space] ??= {})
    functions[name] = name === '__wbindgen_init_externref_table' ? fillExternrefs : stub
  }
  // What wasm-bindgen's own glue does: four constants at the table's end.
  function fillExternrefs() {
    const table = photon!.__wbindgen_externrefs
    const first = table.grow(4)
    const constants = [undefined, null, true, false]
    for (const [i, value] of constants.entries()) table.set(first + i, value)
  }
  const instance = await WebAssembly.instantiate(module, imports)
  photon = instance.exports as unknown as PhotonExports
  photon.__wbindgen_start()
  return photon
}
