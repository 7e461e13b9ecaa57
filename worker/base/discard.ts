/** Cancels a body that nobody reads, so that its connection does not stay open. Does nothing if `body` is no stream. */
export function discard(body: ReadableStream | Uint8Array | null | undefined): void {
  if (body instanceof ReadableStream) void body.cancel().catch(() => {})
}
