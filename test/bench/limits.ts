// Reads the worker's default limits.

/** The type `string` keeps TypeScript from checking the imported file, which needs the types of Workers. */
const OPTIONS: string = '../../worker/options.ts'

/** The part of options.ts that is used here. */
interface OptionsModule {
  resolveOptions(): { readonly maxOutputPixels: number }
}

export async function readMaxOutputPixels(): Promise<number> {
  const { resolveOptions } = (await import(OPTIONS)) as OptionsModule
  return resolveOptions().maxOutputPixels
}
