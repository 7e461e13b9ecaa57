// Types of the files that wrangler imports: .wasm by its built-in rule "CompiledWasm", .onnx by our rule "Data".
declare module '*.wasm' {
  const module: WebAssembly.Module
  export default module
}
declare module '*.onnx' {
  const bytes: ArrayBuffer
  export default bytes
}

// Written by `npm run build` (build/assets.ts).
declare module '*/dist/manifest.json' {
  const manifest: unknown
  export default manifest
}
