// Decodes GIF and BMP with photon (Rust's image crate), without the JavaScript glue of its package. The glue
// creates one instance for the life of the process, but an instance that has trapped cannot be trusted again. The
// export names below are internals of wasm-bindgen, so the version of @cf-wasm/photon is pinned.

/* oxlint-disable no-underscore-dangle -- wasm-bindgen's names */
import type { Rgba } from '../image/plane.ts'
import { CodecError, DamagedError } from './error.ts'
import type { Header } from './header.ts'
import { type EmscriptenFactory, growTo, type Instances } from './instance.ts'
import { checkDecoded } from './checkDecoded.ts'

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

/** The exports that are used: 8 of photon's 216. */
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

/** What photon takes of memory beside the file: a base, and bytes a pixel. */
const BASE_BYTES = 2 ** 21
const BYTES_PER_PIXEL = 13

/** Decodes the first frame of a GIF, or a BMP. Rejects with a DamagedError if photon refuses the file. */
export function decodeWithPhoton(
  instances: Instances,
  module: WebAssembly.Module,
  bytes: Uint8Array,
  header: Header,
): Promise<Rgba> {
  const needBytes = BASE_BYTES + bytes.length + BYTES_PER_PIXEL * header.width * header.height
  const decode = (photon: PhotonExports) => {
    const file = photon.__wbindgen_malloc(bytes.length, 1) >>> 0
    new Uint8Array(photon.memory.buffer).set(bytes, file)
    const image = refusable(photon, needBytes, () => photon.photonimage_new_from_byteslice(file, bytes.length))
    const width = photon.photonimage_get_width(image) >>> 0
    const height = photon.photonimage_get_height(image) >>> 0
    const [pixels, length] = photon.photonimage_get_raw_pixels(image)
    // The instance is discarded after this function. So the pixels are copied, but nothing has to be freed.
    const data = new Uint8Array(photon.memory.buffer, pixels >>> 0, length >>> 0).slice()
    return checkDecoded({ width, height, data }, header)
  }
  return instances.run(startPhoton, module, decode, { needBytes })
}

/**
 * Runs the call that reads the file. At a file that it refuses, photon panics, which is an `unreachable` instruction. It
 * does the same if it gets no memory, so a file is blamed only if there was enough.
 */
function refusable<Result>({ memory }: PhotonExports, needBytes: number, read: () => Result): Result {
  try {
    return read()
  } catch (cause) {
    growTo(memory, needBytes) // throws if there is not enough
    const isPanic = cause instanceof WebAssembly.RuntimeError && /unreachable/i.test(cause.message)
    throw isPanic ? new DamagedError('photon refuses the file', { cause }) : cause
  }
}

/** Creates photon's exports, in place of wasm-bindgen's glue. */
const startPhoton: EmscriptenFactory<PhotonExports> = ({ instantiateWasm }) => {
  // Appends four constants to the table of JavaScript values, as the glue does.
  const fillExternrefs = () => {
    const table = photon.__wbindgen_externrefs
    const first = table.grow(4)
    for (const [i, value] of [undefined, null, true, false].entries()) table.set(first + i, value)
  }
  // Canvas, window and console functions are never called while decoding, so their stubs throw.
  const stubOf = (name: string | symbol) => () => {
    throw new CodecError(`photon called ${String(name)}, which is not available`)
  }
  const functions = new Proxy(
    {},
    { get: (_, name) => (name === '__wbindgen_init_externref_table' ? fillExternrefs : stubOf(name)) },
  )
  const photon = instantiateWasm({ './photon_rs_bg.js': functions }, ({ exports }) => exports) as PhotonExports
  photon.__wbindgen_start()
  return Promise.resolve(photon)
}
