/**
 * Returns an artefact's name in the package. Weights end in `.bin` there: Wrangler bundles it as data by default, but
 * `.onnx` only if the user adds a rule.
 */
export function shippedName(name: string): string {
  return name.replace(/\.onnx$/, '.bin')
}
