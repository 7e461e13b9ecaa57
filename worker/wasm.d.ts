// A `.wasm` file is imported as a compiled module: workerd compiles no WASM at run time.
declare module '*.wasm' {
  const module: WebAssembly.Module
  export default module
}
