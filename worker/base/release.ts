/**
 * Frees the memory of arrays at once, which are empty from then on. Otherwise V8 keeps some 64 MB of dead arrays, half
 * of an isolate's memory. Where the platform cannot do it (Node 20), the garbage collector does it later.
 */
export function release(...arrays: readonly ArrayBufferView[]): void {
  for (const { buffer } of arrays) (buffer as Transferable).transfer?.(0)
}

/** ArrayBuffer as of ES2024. */
interface Transferable {
  transfer?(bytes: number): unknown
}
