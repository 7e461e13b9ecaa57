// The module that embedded.ts writes.
declare module 'embedded-artefacts' {
  /** The kernels, by their names: base64 of Brotli. */
  export const kernels: Readonly<Partial<Record<string, string>>>
  /** Loads the codecs, as base64 of Brotli, and the weights, as base64, by their names. */
  export const files: Readonly<Partial<Record<string, () => Promise<{ readonly default: string }>>>>
}
