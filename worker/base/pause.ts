// Long work gives way to other requests: cache hits are answered while a picture is being made.

/** Resolves in a later macrotask: by setImmediate where there is one (Node), because a timer takes a whole millisecond there. */
export function pause(): Promise<void> {
  const { setImmediate } = globalThis as { setImmediate?: (work: () => void) => unknown }
  return new Promise((resolve) => {
    if (setImmediate) setImmediate(resolve)
    else setTimeout(resolve, 0)
  })
}
