// What the makers of odd files share.

/** A file that deviates from its format's specification. */
export interface OddFile {
  readonly name: string
  readonly bytes: Uint8Array
  /** Name of the file without the fault, if it has the same size. */
  readonly unchanged?: string
}

/** Returns a copy of `bytes` in which `values` replace the bytes from position `at`. */
export function patched(bytes: Uint8Array, at: number, ...values: number[]): Uint8Array {
  const copy = Uint8Array.from(bytes)
  copy.set(values, at)
  return copy
}
