/**
 * Frees the memory of arrays immediately; afterwards they are empty. Without this call, V8 keeps about 64 MB of arrays
 * that are no longer used, half of an isolate's memory. Node 20 cannot free them immediately, so there the garbage
 * collector does it later.
 */
export function release(...arrays: readonly ArrayBufferView[]): void {
  for (const { buffer } of arrays) (buffer as Transferable).transfer?.(0)
}

/** An ArrayBuffer. Its method `transfer` came with ES2024, so Node 20 lacks it. */
interface Transferable {
  transfer?(bytes: number): unknown
}
