/** The types of Workers do not have this, which is where they are right for Workers. */
export function compileModule(wasm: Uint8Array<ArrayBuffer>): Promise<WebAssembly.Module> {
  const { compile } = WebAssembly as unknown as { compile(wasm: Uint8Array): Promise<WebAssembly.Module> }
  return compile(wasm)
}
