// What wrangler makes of imported files: its built-in rule "CompiledWasm" for .wasm, ours "Data" for .onnx.
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
