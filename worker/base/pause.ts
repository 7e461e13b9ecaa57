// Long work lets others have their turn: cache hits go on being answered while a picture is made.

/** Settles in another macrotask. Where there is setImmediate, as in Node, a timer would wait for a whole millisecond. */
export function pause(): Promise<void> {
  const { setImmediate } = globalThis as { setImmediate?: (work: () => void) => unknown }
  return new Promise((resolve) => {
    if (setImmediate) setImmediate(resolve)
    else setTimeout(resolve, 0)
  })
}
