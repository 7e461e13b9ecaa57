// oxlint-disable-next-line typescript/triple-slash-reference -- for programs that include this folder only
/// <reference path="../wasm.d.ts" />
// The kernels in Cloudflare Workers, where WebAssembly is compiled at deploy time only. All of their
// machines run relaxed SIMD. build.ts writes them.
import picture from '../../dist/kernel/picture.wasm'
import srcnn from '../../dist/kernel/srcnn-relaxed.wasm'
import subpixel from '../../dist/kernel/subpixel-relaxed.wasm'
import type { KernelModules } from '../engine/fused.ts'

export const kernelModules: KernelModules = { srcnn, subpixel }
/** For vectorEnlarger.ts. */
export const pictureModule: WebAssembly.Module = picture
