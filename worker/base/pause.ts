// Pauses long work for a moment, so that cache hits are answered while a picture is being made.

/**
 * Resolves in a later macrotask. Uses setImmediate if it exists (Node), because a timer would take a whole millisecond.
 */
export function pause(): Promise<void> {
  const { setImmediate } = globalThis as { setImmediate?: (work: () => void) => unknown }
  return new Promise((resolve) => {
    if (setImmediate) setImmediate(resolve)
    else setTimeout(resolve, 0)
  })
}
