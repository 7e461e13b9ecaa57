/**
 * A file's name in the package. Wrangler bundles `.bin` as data without a rule of the user's, and does not know
 * `.onnx`.
 */
export function shippedName(name: string): string {
  return name.replace(/\.onnx$/, '.bin')
}
