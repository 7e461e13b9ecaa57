// What the worker allows by default.

/** By a name that TypeScript does not follow: it would want the types of Workers. */
const OPTIONS: string = '../../worker/options.ts'

/** What is used of it. */
interface Options {
  resolveOptions(): { readonly maxOutputPixels: number }
}

export async function readMaxOutputPixels(): Promise<number> {
  const { resolveOptions } = (await import(OPTIONS)) as Options
  return resolveOptions().maxOutputPixels
}
