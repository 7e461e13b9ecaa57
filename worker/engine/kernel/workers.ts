// oxlint-disable-next-line typescript/triple-slash-reference -- for programs that include this folder only
/// <reference path="../../wasm.d.ts" />
// The kernels in Cloudflare Workers, where WebAssembly is compiled at deploy time only. All of their
// machines run relaxed SIMD. build.ts writes them.
import picture from '../../../dist/kernel/picture.wasm'
import module from '../../../dist/kernel/srcnn-relaxed.wasm'

export const kernelModule: WebAssembly.Module = module
/** For vectorEnlarger.ts. */
export const pictureModule: WebAssembly.Module = picture
