// oxlint-disable-next-line typescript/triple-slash-reference -- for programs that include this folder only
/// <reference path="../../wasm.d.ts" />
// The kernel in Cloudflare Workers, where WebAssembly is compiled at deploy time only. All of their
// machines run relaxed SIMD. build.ts writes it.
import module from '../../../dist/kernel/srcnn-relaxed.wasm'

export const kernelModule: WebAssembly.Module = module
