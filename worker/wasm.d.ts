// Types of the files that wrangler imports: .wasm by its built-in rule "CompiledWasm", .onnx by our rule "Data". In the
// npm package, the weights are base64 (package/embedded.ts).
declare module '*.wasm' {
  const module: WebAssembly.Module
  export default module
}
declare module '*.onnx' {
  const weights: ArrayBuffer | string
  export default weights
}

// Written by `npm run build` (build/assets.ts).
declare module '*/dist/manifest.json' {
  const manifest: unknown
  export default manifest
}
