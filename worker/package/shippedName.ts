/**
 * Returns an artefact's name in the package. The names of weights end in `.bin` there, because Wrangler bundles `.bin`
 * files as data by default, but `.onnx` files only if the user adds a rule.
 */
export function shippedName(name: string): string {
  return name.replace(/\.onnx$/, '.bin')
}
